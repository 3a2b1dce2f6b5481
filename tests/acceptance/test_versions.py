"""Which versions the management system speaks with whom."""

from __future__ import annotations

import pytest
from support.processes import Csms
from support.rawpeer import RawPeer


@pytest.mark.parametrize(
    ("offer", "spoken"),
    [(("ocpp1.6",), "ocpp1.6"), (("ocpp2.0.1", "ocpp1.6"), "ocpp2.0.1"), (("ocpp2.1", "ocpp2.0.1"), "ocpp2.0.1")],
)
async def test_a_station_is_met_in_the_first_version_that_both_speak(
    csms: Csms, offer: tuple[str, ...], spoken: str
) -> None:
    """CON-009, CON-014."""
    async with await RawPeer.dial(csms.ocpp_port) as peer:
        answer = await peer.upgrade("/ocpp/OFFERS", subprotocols=offer)
        assert (answer.status, answer.headers["sec-websocket-protocol"]) == (101, spoken)


@pytest.mark.parametrize("offer", ["ocpp2.1", "ocpp1.5", "ocpp2.0"])
async def test_a_station_that_speaks_nothing_of_it_is_told_what_would_be(csms: Csms, offer: str) -> None:
    """CON-012."""
    async with await RawPeer.dial(csms.ocpp_port) as peer:
        answer = await peer.upgrade("/ocpp/OFFERS", subprotocols=(offer,))
        assert answer.status == 400
        assert b"ocpp1.6, ocpp2.0.1" in answer.body
