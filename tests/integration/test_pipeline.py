"""The upgrade pipeline on real sockets: what the door, the routes and the authenticator decide."""

from __future__ import annotations

import pytest
from support.library import Recorder, new_csms
from support.rawpeer import RawPeer

from chargewire import Accept, Handshake, UpgradeAborted, UpgradeError

# What the authenticator changes


async def test_the_authenticator_chooses_among_the_offered_versions_and_names_the_station() -> None:
    async def authenticate(handshake: Handshake) -> Accept[str]:
        return Accept("tenant", protocol="ocpp1.6", identity=f"acme-{handshake.identity}")

    csms = new_csms(authenticate=authenticate)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.dial(server.port) as peer:
        answer = await peer.upgrade("/ocpp/7", subprotocols=("ocpp2.0.1", "ocpp1.6"), extensions="permessage-deflate")
        assert (answer.status, answer.headers["sec-websocket-protocol"]) == (101, "ocpp1.6")
        assert "sec-websocket-extensions" not in answer.headers
        assert csms.stations["acme-7"].subprotocol == "ocpp1.6"
        assert (await peer.call("1", "Heartbeat"))[0] == 3


async def test_a_version_that_was_not_offered_is_our_own_error(caplog: pytest.LogCaptureFixture) -> None:
    """The incumbent answers with it, and the station hangs up (defects 6 and 7)."""

    async def authenticate(handshake: Handshake) -> Accept[str]:
        return Accept("", protocol="ocpp2.1")

    csms = new_csms(authenticate=authenticate)
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.dial(server.port) as peer:
        assert (await peer.upgrade(subprotocols=("ocpp1.6",))).status == 500
        assert "'ocpp2.1' was not offered" in str((await events.wait_for(UpgradeError)).error)
        assert (await events.wait_for(UpgradeAborted)).status == 500
    assert "was not offered" in caplog.text
