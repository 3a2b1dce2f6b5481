"""A vendor's own actions beside those of OCPP."""

from __future__ import annotations

import pytest

from chargewire import v16, v21
from chargewire.messages import Direction, Kind, Request, Response, Send
from chargewire.protocol import CallReceived, Protocol, ResultReceived, Role
from chargewire.vendor import extended


class UnlatchResponse(Response, frozen=True):
    is_open: bool


class Unlatch(Request["Unlatch", UnlatchResponse], frozen=True, rename="camel"):
    connector_id: int


class Blink(Send, frozen=True):
    times: int


def test_an_extended_version_is_the_version_and_more() -> None:
    acme = extended(v16, Unlatch)
    assert acme.SUBPROTOCOL == "ocpp1.6"
    assert acme.Heartbeat is v16.Heartbeat
    assert acme.ACTIONS.keys() == {*v16.ACTIONS, "Unlatch"}
    assert (acme.ACTIONS["Unlatch"].request, acme.ACTIONS["Unlatch"].response) == (Unlatch, UnlatchResponse)
    assert "Unlatch" not in v16.ACTIONS
    assert repr(acme) == f"<ocpp1.6 with {len(v16.ACTIONS) + 1} actions>"


def test_a_vendors_call_is_sent_answered_and_read_like_any_other() -> None:
    acme = extended(v16, Unlatch, direction=Direction.TO_STATION)
    csms, station = Protocol(acme, Role.CSMS), Protocol(acme, Role.STATION)
    csms.send_call("1", Unlatch(connector_id=2), now=0.0)
    sent = csms.data_to_send()
    assert sent == [b'[2,"1","Unlatch",{"connectorId":2}]']
    station.receive(sent[0], now=0.0)
    assert station.events() == [CallReceived("1", "Unlatch", Unlatch(connector_id=2))]
    station.send_result("1", UnlatchResponse(is_open=True))
    csms.receive(station.data_to_send()[0], now=0.0)
    assert csms.events() == [ResultReceived("1", UnlatchResponse(is_open=True))]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b'[2,"1","Unlatch",{"connectorId":"x"}]', b"TypeConstraintViolation"),
        (b'[2,"1","Unlatch",{"connectorId":1,"force":true}]', b"FormationViolation"),
    ],
)
def test_a_vendors_call_is_validated(frame: bytes, code: bytes) -> None:
    station = Protocol(extended(v16, Unlatch), Role.STATION)
    station.receive(frame, now=0.0)
    assert code in station.data_to_send()[0]


def test_a_vendors_call_goes_only_its_way() -> None:
    csms = Protocol(extended(v16, Unlatch, direction=Direction.TO_STATION), Role.CSMS)
    csms.receive(b'[2,"1","Unlatch",{"connectorId":1}]', now=0.0)
    assert b"NotSupported" in csms.data_to_send()[0]


def test_only_21_has_vendors_sends() -> None:
    """RPC-009."""
    assert extended(v21, Blink).ACTIONS["Blink"].kind is Kind.SEND
    with pytest.raises(ValueError, match=r"Blink: ocpp1\.6 has no SEND"):
        extended(v16, Blink)


def test_an_action_of_ocpp_cannot_be_taken_over() -> None:
    class Reset(Request["Reset", UnlatchResponse], frozen=True): ...

    with pytest.raises(ValueError, match=r"Reset is an action of ocpp1\.6 already"):
        extended(v16, Reset)


def test_a_version_is_extended_again_for_the_other_direction() -> None:
    class Latched(Request["Latched", UnlatchResponse], frozen=True): ...

    acme = extended(extended(v16, Unlatch, direction=Direction.TO_STATION), Latched, direction=Direction.TO_CSMS)
    assert [acme.ACTIONS[name].direction for name in ("Unlatch", "Latched")] == [
        Direction.TO_STATION,
        Direction.TO_CSMS,
    ]


def test_a_request_must_name_its_response() -> None:
    class Mute(Request): ...  # type: ignore[type-arg]

    class Quoted(Request["Quoted", "UnlatchResponse"]): ...

    for request in (Mute, Quoted):
        with pytest.raises(TypeError, match=f"{request.__name__}: expected a base Request"):
            extended(v16, request)
