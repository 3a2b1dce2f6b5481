"""Who may knock, and how often."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from chargewire.door import Access, Door, Doorman, parse_networks
from chargewire.handshake import Handshake, Head, Refused, read_handshake
from chargewire.rates import Rate


def head(**headers: str) -> Head:
    return Head("GET", "/ocpp/CS001", {name.replace("_", "-"): value for name, value in headers.items()})


def asked(remote: str = "10.1.2.3:5000", **headers: str) -> Handshake:
    return read_handshake(head(**headers), remote=remote)


def refused(doorman: Doorman, *, remote: str = "10.1.2.3:5000", present: int = 1, now: float = 0.0) -> tuple[int, str]:
    """Status and Retry-After of what must be a refusal."""
    with pytest.raises(Refused) as refusal:
        doorman.knock(remote, present=present, now=now)
    reject = refusal.value.reject
    return reject.status, reject.headers["Retry-After"]


# Room


def test_a_full_server_asks_to_come_back() -> None:
    doorman = Doorman(Door(), connections=2)
    doorman.knock("10.1.2.3:5000", present=2, now=0.0)
    assert refused(doorman, present=3) == (HTTPStatus.SERVICE_UNAVAILABLE, "10")


def test_without_a_limit_no_number_is_too_many() -> None:
    Doorman(Door()).knock("10.1.2.3:5000", present=10**6, now=0.0)


def test_a_draining_server_lets_nobody_in() -> None:
    doorman = Doorman(Door())
    doorman.is_draining = True
    assert refused(doorman) == (HTTPStatus.SERVICE_UNAVAILABLE, "10")


# Rate


def test_an_address_that_connects_too_often_is_told_when_to_come_back() -> None:
    doorman = Doorman(Door(rate=Rate(2, per=60)))
    for port in (1, 2):
        doorman.knock(f"10.1.2.3:{port}", present=1, now=0.0)
    assert refused(doorman, remote="10.1.2.3:3") == (HTTPStatus.TOO_MANY_REQUESTS, "30")
    assert refused(doorman, remote="10.1.2.3:4", now=29.5) == (HTTPStatus.TOO_MANY_REQUESTS, "1")
    doorman.knock("10.1.2.4:5", present=1, now=29.5)
    doorman.knock("10.1.2.3:6", present=1, now=30.0)


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("[2001:db8::1]:1", "[2001:db8::ffff]:2", True),
        ("[2001:db8::1]:1", "[2001:db8:0:1::1]:2", False),
        ("[::ffff:10.1.2.3]:1", "10.1.2.3:2", True),
        ("/run/ocpp.sock", "/run/ocpp.sock", True),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, are_one: bool) -> None:  # noqa: FBT001
    doorman = Doorman(Door(rate=Rate(1, per=60)))
    doorman.knock(one, present=1, now=0.0)
    if are_one:
        refused(doorman, remote=other)
    else:
        doorman.knock(other, present=1, now=0.0)


# Proxies


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        ("10.0.0.1:9", "203.0.113.7", "203.0.113.7:0"),
        ("10.0.0.1:9", "203.0.113.7:4711", "203.0.113.7:0"),
        ("10.0.0.1:9", "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7:0"),
        ("10.0.0.1:9", "10.0.0.3, 10.0.0.2", "10.0.0.3:0"),
        ("10.0.0.1:9", "[2001:db8::1]:80", "[2001:db8::1]:0"),
        ("10.0.0.1:9", "2001:db8::1", "[2001:db8::1]:0"),
        ("10.0.0.1:9", "nonsense, 10.0.0.2", "10.0.0.2:0"),
        ("10.0.0.1:9", "nonsense", "10.0.0.1:9"),
        ("10.0.0.1:9", "", "10.0.0.1:9"),
        ("203.0.113.9:9", "198.51.100.1", "203.0.113.9:9"),
        ("/run/ocpp.sock", "198.51.100.1", "/run/ocpp.sock"),
    ],
)
def test_only_trusted_proxies_are_believed(remote: str, forwarded: str, client: str) -> None:
    """The client's own claims stand first, and count for nothing."""
    doorman = Doorman(Door(trusted_proxies=["10.0.0.0/8"]))
    assert doorman.locate(head(x_forwarded_for=forwarded), remote) == client


def test_without_trusted_proxies_the_socket_tells() -> None:
    assert Doorman(Door()).locate(head(x_forwarded_for="198.51.100.1"), "10.0.0.1:9") == "10.0.0.1:9"


# Networks and origins


@pytest.mark.parametrize("remote", ["10.1.2.3:5000", "[::ffff:10.1.2.3]:5000", "[2001:db8::1]:1"])
def test_allowed_networks_may_connect(remote: str) -> None:
    assert Access(["10.0.0.0/8", "2001:db8::/32"]).check(asked(remote)) is None
    assert Access().check(asked(remote)) is None


@pytest.mark.parametrize("remote", ["192.0.2.1:5000", "[2001:db9::1]:1", "/run/ocpp.sock"])
def test_other_networks_may_not(remote: str) -> None:
    reject = Access(["10.0.0.0/8", "2001:db8::/32"]).check(asked(remote))
    assert reject is not None
    assert (reject.status, reject.reason) == (HTTPStatus.FORBIDDEN, "this address may not connect")


@pytest.mark.parametrize(
    ("headers", "may"),
    [({}, True), ({"origin": "https://Portal.example.com"}, True), ({"origin": "https://evil.example"}, False)],
)
def test_a_web_page_is_asked_for_its_origin_and_a_station_is_not(headers: dict[str, str], may: bool) -> None:  # noqa: FBT001
    reject = Access(origins=["https://portal.example.com/"]).check(asked(**headers))
    assert reject is None if may else reject is not None and reject.reason == "this origin may not connect"


@pytest.mark.parametrize("networks", [["10.0.0.0/33"], ["localhost"], ["10.0.0.1/8"], "10.0.0.0/8"])
def test_what_is_no_network_is_refused_at_once(networks: list[str]) -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0|localhost"):
        parse_networks(networks)
    with pytest.raises(ValueError, match=r"10\.0\.0|localhost"):
        Door(networks=networks)
