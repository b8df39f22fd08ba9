"""A server without manners: it says what a test tells it, at the stage that the test names."""

import asyncio
import socket
from typing import Any

CUT = "cut"
DEAF = "deaf"
MUTE = "mute"


class Peer:
    """`says`: the reply to a command by its first word, to `greeting`, `content` (the final dot) or `begun` (its first
    octets); or CUT, or MUTE for none; at `begun` also DEAF, which reads no more. `most`: how often each is said, None
    for always."""

    def __init__(self, says: dict[str, str], most: int | None = None) -> None:
        self._says = says
        self._most = most
        self.commands: list[list[str]] = []
        self.contents: list[bytes] = []
        self.port = 0

    async def __aenter__(self) -> "Peer":
        listening = socket.create_server(("127.0.0.1", 0))
        # Little, so that a mail does not disappear in it.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._server = await asyncio.get_running_loop().create_server(lambda: _Talk(self), sock=listening)
        self.port = listening.getsockname()[1]
        self.open: set[Any] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for transport in list(self.open):
            transport.abort()
        while self.open:
            await asyncio.sleep(0)

    def word(self, stage: str) -> str | None:
        said = self._says.get(stage)
        if said is not None and self._most is not None:
            self._most -= 1
            if self._most <= 0:
                self._says.pop(stage)
        return said


class _Talk(asyncio.Protocol):
    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._buffer = b""
        self._content: bytes | None = None
        self._commands: list[str] = []

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._peer.open.add(transport)
        self._peer.commands.append(self._commands)
        self._say("greeting", "220 peer ESMTP")

    def connection_lost(self, error: Exception | None) -> None:
        self._peer.open.discard(self._transport)

    def _say(self, stage: str, otherwise: str) -> bool:
        said = self._peer.word(stage) or otherwise
        if said == CUT:
            self._transport.abort()
        elif said != MUTE:
            self._transport.write(said.encode() + b"\r\n")
        return said == otherwise

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            if self._content is not None:
                begun = self._peer.word("begun")
                if begun == CUT:
                    self._transport.abort()
                    return
                if begun == DEAF:
                    self._transport.pause_reading()
                    return
                content, dot, rest = self._buffer.partition(b"\r\n.\r\n")
                if not dot:
                    return
                self._content, self._buffer = None, rest
                self._peer.contents.append(content)
                self._say("content", "250 queued")
                continue
            line, end, rest = self._buffer.partition(b"\r\n")
            if not end:
                return
            self._buffer = rest
            self._commands.append(line.decode())
            verb = line.split(b" ")[0].decode().upper()
            if self._say(
                verb, {"DATA": "354 go", "EHLO": "250-peer\r\n250 SIZE", "QUIT": "221 bye"}.get(verb, "250 ok")
            ):
                if verb == "DATA":
                    self._content = b""
                elif verb == "QUIT":
                    self._transport.close()
