"""Security profiles over real TLS sockets: who gets in, who does not, and what each side learns."""

from __future__ import annotations

import asyncio
import socket
import ssl
from http import HTTPStatus
from pathlib import Path

import pytest
from support.library import Recorder, anyone, new_csms
from support.rawpeer import RawPeer, upgrade_request
from support.tls import HOST, OPERATOR, Pki, with_suite, with_tls_1_1

from chargewire import (
    CSMS,
    Accept,
    ChargePoint,
    Handshake,
    KeyPair,
    Reject,
    SecurityProfile,
    ServerTls,
    UpgradeAborted,
    UpgradeError,
    UpgradeRefused,
    check_profile,
    client_context,
    v16,
    verify_password,
)
from chargewire.certificates import KeyType

FAILED = (ssl.SSLError, ConnectionError)  # an alert, or, as event loops do not flush them, a reset
KEY = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"  # the vector of OCPP-J 1.6, 6.2.2


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


@pytest.fixture
def foreign(tmp_path: Path) -> Pki:
    (tmp_path / "foreign").mkdir()
    return Pki(tmp_path / "foreign")


class Gatekeeper:
    """Authenticates with one password for all, and keeps what it was asked."""

    def __init__(self, password: str | bytes = KEY) -> None:
        self.asked: list[Handshake] = []
        self._password = password

    async def __call__(self, handshake: Handshake) -> Accept[str] | Reject:
        self.asked.append(handshake)
        if handshake.certificate is None and not verify_password(handshake, self._password):
            return Reject(HTTPStatus.UNAUTHORIZED)
        return Accept(handshake.identity)


def profile_2(gatekeeper: Gatekeeper) -> CSMS[str]:
    return new_csms(authenticate=gatekeeper, security_profile=SecurityProfile.TLS_BASIC)


def profile_3(gatekeeper: Gatekeeper) -> CSMS[str]:
    return new_csms(authenticate=gatekeeper, security_profile=SecurityProfile.MUTUAL_TLS)


def station(
    port: int, pki: Pki, *, identity: str = "CP001", password: bytes | None = None, key_pair: KeyPair | None = None
) -> ChargePoint:
    context = client_context(ca=pki.ca, key_pair=key_pair)
    return ChargePoint(f"wss://{HOST}:{port}/ocpp", v16, identity=identity, password=password, ssl=context)


async def raw_peer(port: int, context: ssl.SSLContext) -> RawPeer:
    return RawPeer(*await asyncio.open_connection(HOST, port, ssl=context))


# Profile 2


@pytest.mark.parametrize("password", [KEY.encode(), KEY.lower().encode(), bytes.fromhex(KEY)])
async def test_profile_2_takes_a_key_as_text_and_as_bytes(pki: Pki, password: bytes) -> None:
    """SEC-006, SEC-008."""
    gatekeeper = Gatekeeper()
    async with profile_2(gatekeeper).serve(HOST, 0, ssl=ServerTls(pki.server())) as server:
        async with station(server.port, pki, password=password) as charge_point:
            assert await charge_point.call(v16.Heartbeat())
    assert gatekeeper.asked[0].security_profile is SecurityProfile.TLS_BASIC


async def test_profile_2_refuses_a_wrong_password_with_401(pki: Pki) -> None:
    """SEC-005."""
    async with profile_2(Gatekeeper()).serve(HOST, 0, ssl=ServerTls(pki.server())) as server:
        with pytest.raises(UpgradeRefused) as refused:
            await station(server.port, pki, password=b"x" * 20).__aenter__()
        assert refused.value.status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("authorization", ["", "Basic !", "Bearer abc", "Basic T1RIRVI6c2VjcmV0", "Basic UkFXOg=="])
async def test_without_proper_credentials_nobody_is_asked(pki: Pki, authorization: str) -> None:
    """SEC-004, SEC-005, CON-005: missing, malformed, another scheme, another user name, an empty password."""
    gatekeeper = Gatekeeper()
    csms = profile_2(gatekeeper)
    events = Recorder(csms)
    async with csms.serve(HOST, 0, ssl=ServerTls(pki.server())) as server:
        async with await raw_peer(server.port, client_context(ca=pki.ca)) as peer:
            answer = await peer.upgrade(headers={"Authorization": authorization})
            assert answer.status == HTTPStatus.UNAUTHORIZED
            assert answer.headers["www-authenticate"].startswith("Basic ")
            aborted = await events.wait_for(UpgradeAborted)
            assert (aborted.identity, aborted.status) == ("RAW", HTTPStatus.UNAUTHORIZED)
    assert gatekeeper.asked == []


async def test_profile_1_needs_credentials_without_tls(pki: Pki) -> None:
    csms = new_csms(authenticate=Gatekeeper(), security_profile=SecurityProfile.BASIC)
    async with csms.serve(HOST, 0) as server:
        async with await RawPeer.dial(server.port) as peer:
            assert (await peer.upgrade()).status == HTTPStatus.UNAUTHORIZED
        url = f"ws://{HOST}:{server.port}"
        async with ChargePoint(url, v16, identity="CP001", password=bytes.fromhex(KEY)) as charge_point:
            assert await charge_point.call(v16.Heartbeat())


@pytest.mark.parametrize("flaw", ["another CA", "expired", "another name"])
async def test_a_station_refuses_a_csms_that_it_cannot_verify(pki: Pki, foreign: Pki, flaw: str) -> None:
    """SEC-035: the connection ends before a password is sent."""
    match flaw:
        case "another CA":
            pair = foreign.server()
        case "expired":
            pair = pki.server(age=31)
        case _:
            pair = pki.server(hosts=["csms.example.com", "127.0.0.2"])
    gatekeeper = Gatekeeper()
    csms = profile_2(gatekeeper)
    events = Recorder(csms)
    async with csms.serve(HOST, 0, ssl=ServerTls(pair)) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            await station(server.port, pki, password=KEY.encode()).__aenter__()
        await events.wait_for(UpgradeError)
    assert gatekeeper.asked == []


async def test_a_csms_refuses_tls_1_1(pki: Pki) -> None:
    """SEC-030."""
    csms = profile_2(Gatekeeper())
    events = Recorder(csms)
    async with csms.serve(HOST, 0, ssl=ServerTls(pki.server())) as server:
        with pytest.raises(FAILED):
            await raw_peer(server.port, with_tls_1_1(client_context(ca=pki.ca)))
        error = (await events.wait_for(UpgradeError)).error
        assert isinstance(error, ssl.SSLError)
        assert error.reason == "UNSUPPORTED_PROTOCOL"


async def test_a_station_refuses_tls_1_1(pki: Pki) -> None:
    """SEC-030."""
    old = with_tls_1_1(ServerTls(pki.server()).context)
    async with new_csms().serve(HOST, 0, ssl=old) as server:
        with pytest.raises(FAILED):
            await station(server.port, pki).__aenter__()


@pytest.mark.parametrize(
    "suite",
    ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "AES128-GCM-SHA256", "AES256-GCM-SHA384"],
)
async def test_one_port_serves_the_four_required_suites(pki: Pki, suite: str) -> None:
    """SEC-031, SEC-032, SEC-034: an RSA and an ECDSA certificate, no compression."""
    tls = ServerTls(pki.server("rsa", kind=KeyType.RSA), pki.server("ecdsa"))
    async with new_csms().serve(HOST, 0, ssl=tls) as server:
        context = with_suite(client_context(ca=pki.ca), suite)
        async with await raw_peer(server.port, context) as peer:
            spoken = peer.writer.get_extra_info("ssl_object")
            assert (spoken.cipher()[0], spoken.version(), spoken.compression()) == (suite, "TLSv1.2", None)
            assert (await peer.upgrade()).status == HTTPStatus.SWITCHING_PROTOCOLS
            assert (await peer.call("1", "Heartbeat"))[0] == 3


@pytest.mark.parametrize("suite", ["AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"])
async def test_suites_without_authenticated_encryption_are_refused(pki: Pki, suite: str) -> None:
    """SEC-034."""
    tls = ServerTls(pki.server("rsa", kind=KeyType.RSA), pki.server("ecdsa"))
    async with new_csms().serve(HOST, 0, ssl=tls) as server:
        with pytest.raises(FAILED):
            await raw_peer(server.port, with_suite(client_context(ca=pki.ca), suite))


# Profile 3


async def test_profile_3_lets_a_station_in_by_its_certificate(pki: Pki) -> None:
    """SEC-037."""
    gatekeeper = Gatekeeper()
    tls = ServerTls(pki.server(), client_ca=pki.ca, organization=OPERATOR)
    async with profile_3(gatekeeper).serve(HOST, 0, ssl=tls) as server:
        async with station(server.port, pki, key_pair=pki.station("CP001")) as charge_point:
            assert await charge_point.call(v16.Heartbeat())
    handshake = gatekeeper.asked[0]
    assert handshake.security_profile is SecurityProfile.MUTUAL_TLS
    assert handshake.certificate is not None
    assert (handshake.certificate.common_name, handshake.certificate.organization) == ("CP001", OPERATOR)
    assert len(handshake.certificate.fingerprint) == 64


@pytest.mark.parametrize("flaw", ["none", "another CA", "expired", "revoked"])
async def test_profile_3_ends_the_handshake_of_a_certificate_it_cannot_verify(
    pki: Pki, foreign: Pki, flaw: str
) -> None:
    """SEC-037: the station learns it as a failed connection, the CSMS as an event, nobody is asked."""
    match flaw:
        case "none":
            pair = None
        case "another CA":
            pair = foreign.station("CP001")
        case "expired":
            pair = pki.station("CP001", age=31)
        case _:
            pair = pki.station("CP001")
    revocations = pki.revoke(pair) if flaw == "revoked" and pair else pki.revoke()
    gatekeeper = Gatekeeper()
    csms = profile_3(gatekeeper)
    events = Recorder(csms)
    tls = ServerTls(pki.server(), client_ca=pki.ca, revocations=revocations)
    async with csms.serve(HOST, 0, ssl=tls) as server:
        with pytest.raises(FAILED):
            await station(server.port, pki, key_pair=pair).__aenter__()
        assert isinstance((await events.wait_for(UpgradeError)).error, ssl.SSLError)
        async with station(server.port, pki, identity="CP002", key_pair=pki.station("CP002")) as charge_point:
            assert await charge_point.call(v16.Heartbeat())
    assert [each.identity for each in gatekeeper.asked] == ["CP002"]


@pytest.mark.parametrize(("name", "organization"), [("CP002", OPERATOR), ("CP001", "Acme"), ("cp001", OPERATOR)])
async def test_profile_3_refuses_the_certificate_of_somebody_else(pki: Pki, name: str, organization: str) -> None:
    """SEC-037, CON-005: TLS is content with it, the identity or the operator is another."""
    gatekeeper = Gatekeeper()
    csms = profile_3(gatekeeper)
    events = Recorder(csms)
    tls = ServerTls(pki.server(), client_ca=pki.ca, organization=OPERATOR)
    async with csms.serve(HOST, 0, ssl=tls) as server:
        pair = pki.station(name, organization=organization)
        with pytest.raises(UpgradeRefused) as refused:
            await station(server.port, pki, key_pair=pair).__aenter__()
        assert refused.value.status == HTTPStatus.FORBIDDEN
        assert (await events.wait_for(UpgradeAborted)).identity == "CP001"
    assert gatekeeper.asked == []


async def test_profiles_2_and_3_share_a_port_where_a_certificate_is_optional(pki: Pki) -> None:
    gatekeeper = Gatekeeper()
    tls = ServerTls(pki.server(), client_ca=pki.ca, client_certificate="optional")
    async with profile_2(gatekeeper).serve(HOST, 0, ssl=tls) as server:
        async with station(server.port, pki, key_pair=pki.station("CP001")) as charge_point:
            assert await charge_point.call(v16.Heartbeat())
        async with station(server.port, pki, identity="CP002", password=KEY.encode()) as charge_point:
            assert await charge_point.call(v16.Heartbeat())
        with pytest.raises(UpgradeRefused, match="another station"):
            await station(
                server.port, pki, identity="CP003", password=KEY.encode(), key_pair=pki.station("CP001")
            ).__aenter__()
    assert [each.security_profile for each in gatekeeper.asked] == [3, 2]


async def test_a_station_does_not_go_back_to_a_lower_profile(pki: Pki) -> None:
    """SEC-051: which profile a station has reached is on record with the authenticator."""

    async def authenticate(handshake: Handshake) -> Accept[str] | Reject:
        return check_profile(handshake, SecurityProfile.MUTUAL_TLS) or Accept("")

    csms = new_csms(authenticate=authenticate)
    tls = ServerTls(pki.server(), client_ca=pki.ca, client_certificate="optional")
    async with csms.serve(HOST, 0, ssl=tls) as secure, csms.serve(HOST, 0) as plain:
        with pytest.raises(UpgradeRefused, match="client certificate"):
            await station(secure.port, pki, password=KEY.encode()).__aenter__()
        url = f"ws://{HOST}:{plain.port}"
        with pytest.raises(UpgradeRefused, match="needs TLS"):
            await ChargePoint(url, v16, identity="CP001", password=KEY.encode()).__aenter__()
        async with station(secure.port, pki, key_pair=pki.station("CP001")) as charge_point:
            assert charge_point.is_connected


# Whatever peers do


async def test_a_plain_websocket_on_the_tls_port_is_an_upgrade_error(pki: Pki) -> None:
    csms = profile_2(Gatekeeper())
    events = Recorder(csms)
    async with csms.serve(HOST, 0, ssl=ServerTls(pki.server())) as server:
        async with await RawPeer.dial(server.port) as peer:
            await peer.write(upgrade_request("/ocpp/RAW"))
            assert b"HTTP" not in await peer.read_to_end()
        error = await events.wait_for(UpgradeError)
        assert isinstance(error.error, ssl.SSLError)
        assert error.remote.startswith(HOST)
        async with station(server.port, pki, password=KEY.encode()) as charge_point:
            assert charge_point.is_connected


async def test_a_peer_that_leaves_during_the_tls_handshake_is_an_upgrade_error(pki: Pki) -> None:
    csms = profile_2(Gatekeeper())
    events = Recorder(csms)
    async with csms.serve(HOST, 0, ssl=ServerTls(pki.server())) as server:
        async with await RawPeer.dial(server.port) as peer:
            await peer.write(b"\x16\x03\x01")
        assert isinstance((await events.wait_for(UpgradeError)).error, ConnectionError)


async def test_a_peer_that_is_silent_in_the_tls_handshake_meets_the_timeout(pki: Pki) -> None:
    csms = new_csms(handshake_timeout=0.1)
    events = Recorder(csms)
    async with csms.serve(HOST, 0, ssl=ServerTls(pki.server())) as server:
        async with await RawPeer.dial(server.port) as peer:
            assert await peer.read_to_end() == b""
        await events.wait_for(UpgradeError)


async def test_a_peer_that_is_silent_after_the_tls_handshake_is_answered_with_408(pki: Pki) -> None:
    csms = new_csms(handshake_timeout=0.3)
    async with csms.serve(HOST, 0, ssl=ServerTls(pki.server())) as server:
        async with await raw_peer(server.port, client_context(ca=pki.ca)) as peer:
            assert (await peer.read_http()).status == HTTPStatus.REQUEST_TIMEOUT


async def test_a_server_stops_while_peers_shake_hands(pki: Pki) -> None:
    async with new_csms().serve(HOST, 0, ssl=ServerTls(pki.server())) as server:
        silent = await RawPeer.dial(server.port)
        async with await raw_peer(server.port, client_context(ca=pki.ca)):
            pass
    async with silent:
        assert await silent.read_to_end() == b""


async def test_messages_as_large_as_allowed_pass_through_tls(pki: Pki) -> None:
    csms = new_csms()

    @csms.on(v16.DataTransfer)
    async def echo(station: object, request: v16.DataTransfer) -> v16.DataTransferResponse:
        return v16.DataTransferResponse(status=v16.DataTransferStatus.ACCEPTED, data=request.data)

    async with csms.serve(HOST, 0, ssl=ServerTls(pki.server())) as server:
        async with station(server.port, pki) as charge_point:
            data = "x" * 120_000
            answer = await charge_point.call(v16.DataTransfer(vendor_id="acme", data=data))
            assert answer.data == data


async def test_the_alert_of_a_csms_is_the_error_of_the_charge_point(pki: Pki) -> None:
    """In TLS 1.3 a client certificate is refused when for the client the handshake is over."""
    context = ServerTls(pki.server(), client_ca=pki.ca).context

    def refuse(listening: socket.socket) -> None:
        with listening, pytest.raises(ssl.SSLError):
            context.wrap_socket(listening.accept()[0], server_side=True)

    listening = socket.create_server((HOST, 0))
    refusing = asyncio.create_task(asyncio.to_thread(refuse, listening))
    with pytest.raises(ssl.SSLError, match="certificate required"):
        await station(listening.getsockname()[1], pki).__aenter__()
    await refusing


# Certificates change


async def test_reloaded_certificates_meet_new_connections_and_leave_open_ones_alone(pki: Pki) -> None:
    tls = ServerTls(pki.server())
    async with new_csms().serve(HOST, 0, ssl=tls) as server, station(server.port, pki) as charge_point:
        async with await raw_peer(server.port, client_context(ca=pki.ca)) as peer:
            before = peer.writer.get_extra_info("peercert")
        pki.server()  # overwrites the files
        tls.reload()
        async with await raw_peer(server.port, client_context(ca=pki.ca)) as peer:
            after = peer.writer.get_extra_info("peercert")
        assert before["serialNumber"] != after["serialNumber"]
        assert await charge_point.call(v16.Heartbeat())


async def test_a_revocation_counts_from_the_reload_on(pki: Pki) -> None:
    pair = pki.station("CP001")
    tls = ServerTls(pki.server(), client_ca=pki.ca, revocations=pki.revoke())
    async with profile_3(Gatekeeper()).serve(HOST, 0, ssl=tls) as server:
        async with station(server.port, pki, key_pair=pair) as charge_point:
            pki.revoke(pair)
            tls.reload()
            assert await charge_point.call(v16.Heartbeat())
        with pytest.raises(FAILED):
            await station(server.port, pki, key_pair=pair).__aenter__()


async def test_a_resumed_session_does_not_get_around_a_reload(pki: Pki) -> None:
    """A resumed session repeats no check of the certificate: it must not outlive the files it was checked with."""
    context = client_context(ca=pki.ca, key_pair=pki.station("CP001"))

    def resumes(port: int, session: ssl.SSLSession | None) -> tuple[bool | None, ssl.SSLSession | None]:
        with (
            socket.create_connection((HOST, port)) as plain,
            context.wrap_socket(plain, server_hostname=HOST, session=session) as secure,
        ):
            secure.sendall(upgrade_request("/ocpp/CP001"))
            assert secure.recv(4096).startswith(b"HTTP/1.1 101")  # what comes first holds the session ticket
            return secure.session_reused, secure.session

    tls = ServerTls(pki.server(), client_ca=pki.ca)
    async with profile_3(Gatekeeper()).serve(HOST, 0, ssl=tls) as server:
        _, session = await asyncio.to_thread(resumes, server.port, None)
        assert (await asyncio.to_thread(resumes, server.port, session))[0]
        tls.reload()
        assert not (await asyncio.to_thread(resumes, server.port, session))[0]


async def test_a_reload_that_fails_changes_nothing(pki: Pki) -> None:
    pair = pki.server()
    tls = ServerTls(pair)
    async with new_csms().serve(HOST, 0, ssl=tls) as server:
        Path(pair.certificate).write_text("not a certificate")  # noqa: ASYNC240 - a file of the test
        with pytest.raises(ValueError, match=r"server\.pem"):
            tls.reload()
        async with station(server.port, pki) as charge_point:
            assert charge_point.is_connected


# Wrong use


async def test_a_profile_that_nobody_could_meet_is_not_served(pki: Pki) -> None:
    for profile in (SecurityProfile.TLS_BASIC, SecurityProfile.MUTUAL_TLS):
        with pytest.raises(ValueError, match="needs a context"):
            await new_csms(authenticate=anyone, security_profile=profile).serve(HOST, 0).__aenter__()
    csms = new_csms(security_profile=SecurityProfile.MUTUAL_TLS)
    with pytest.raises(ValueError, match="requires client certificates"):
        await csms.serve(HOST, 0, ssl=ServerTls(pki.server())).__aenter__()


def test_a_charge_point_does_not_ignore_a_context_for_tls() -> None:
    with pytest.raises(ValueError, match="wss"):
        ChargePoint("ws://127.0.0.1/", v16, identity="CP001", ssl=client_context())
