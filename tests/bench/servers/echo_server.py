"""A bare picows server that sends every message back: the floor under any server on the same transport."""

from __future__ import annotations

from asyncio import Runner

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server


class Echo(WSListener):
    """Sends each text message back as it came."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        match frame.msg_type:
            case WSMsgType.TEXT:
                transport.send(WSMsgType.TEXT, frame.get_payload_as_bytes())
            case WSMsgType.PING:
                transport.send_pong(frame.get_payload_as_bytes())
            case WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code())
                transport.disconnect()
            case WSMsgType.PONG | WSMsgType.BINARY | WSMsgType.CONTINUATION:
                pass


def listener(request: WSUpgradeRequest) -> WSListener:
    return Echo()


async def main() -> None:
    server = await ws_create_server(listener, "127.0.0.1", 0, backlog=1024)
    print(f"READY {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
