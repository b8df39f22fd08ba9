"""A simulated mail server: takes every mail and tells its delivery, as RFC 5321, 3461 and 3464 have it.

No TLS and no login: it is for the loopback address.
"""

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout
from msgspec import Struct

_LONGEST_LINE: Final = 256 * 1024
_TRIES: Final = 20
_RESEND: Final = 0.25
_ADDRESS: Final = re.compile(rb"[^:]*:\s*<([^<>\s]*)>")
_PARAMETER: Final = re.compile(rb"\s([A-Za-z]+)=(\S+)")
_XTEXT: Final = re.compile(r"\+([0-9A-F]{2})")


class Mail(Struct):
    """One mail as it came. `envelope_id` is its ENVID, `notify` what was asked for at its recipient; "" for none."""

    sender: str
    envelope_id: str
    to: str = ""
    notify: str = ""
    content: bytes = b""


class MailServer:
    """Start it and look at `mails`. Notifications of delivery are posted to `callback`, `delay` seconds later."""

    def __init__(self, callback: str | None = None, delay: float = 0.05) -> None:
        self.callback = callback
        self.delay = delay
        self.mails: list[Mail] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._session: ClientSession | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and return the port. Raises OSError."""
        self._server = await asyncio.start_server(self._connected, host, port, limit=_LONGEST_LINE)
        self._session = ClientSession(timeout=ClientTimeout(total=30))
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._session is not None:
            await self._session.close()

    def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._begin(self._talk(reader, writer))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            writer.write(b"220 mail.example ESMTP\r\n")
            mail: Mail | None = None
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb in (b"EHLO", b"HELO", b"RSET"):
                    mail = None
                    reply = b"250-mail.example\r\n250 DSN" if verb == b"EHLO" else b"250 OK"
                elif verb == b"QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                elif verb == b"MAIL":
                    address, parameters = _read(line)
                    mail = Mail(address, _decoded(parameters.get("ENVID", "")))
                    reply = b"250 OK"
                elif verb == b"RCPT" and mail is not None and not mail.to:
                    address, parameters = _read(line)
                    mail.to, mail.notify = address, parameters.get("NOTIFY", "")
                    reply = b"250 OK" if mail.to else b"501 an address is missing"
                elif verb == b"DATA" and mail is not None and mail.to:
                    writer.write(b"354 go on\r\n")
                    mail.content = await _content(reader)
                    self._take(mail)
                    mail = None
                    reply = b"250 2.0.0 taken"
                else:
                    reply = b"503 not now, or not known"
                writer.write(reply + b"\r\n")
                await writer.drain()
        except (OSError, ValueError, EOFError):
            pass  # it hung up, or sent a line without end
        finally:
            writer.close()

    def _take(self, mail: Mail) -> None:
        self.mails.append(mail)
        if self.callback is not None and mail.envelope_id and "SUCCESS" in mail.notify.upper().split(","):
            self._begin(self._tell(self.callback, mail))

    async def _tell(self, url: str, mail: Mail) -> None:
        assert self._session is not None
        await asyncio.sleep(self.delay)
        for _ in range(_TRIES):
            try:
                async with self._session.post(url, data=notification(mail)) as response:
                    if response.status < 500:
                        return
            except (ClientError, TimeoutError):
                pass
            await asyncio.sleep(_RESEND)


def _read(line: bytes) -> tuple[str, dict[str, str]]:
    """The address of MAIL or RCPT, "" where there is none, and the parameters behind it."""
    found = _ADDRESS.match(line)
    if found is None:
        return "", {}
    parameters = _PARAMETER.findall(line[found.end() :])
    return found[1].decode(errors="replace"), {name.decode().upper(): value.decode() for name, value in parameters}


def _decoded(xtext: str) -> str:
    """RFC 3461 section 4."""
    return _XTEXT.sub(lambda found: chr(int(found[1], 16)), xtext)


async def _content(reader: StreamReader) -> bytes:
    """Everything up to the dot that stands alone. Raises EOFError where it never comes."""
    lines = []
    while (line := await reader.readline()) != b".\r\n":
        if not line:
            raise EOFError
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)


def notification(mail: Mail) -> bytes:
    """That it was delivered (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@mail.example\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="edge"\r\n\r\n'
        "--edge\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Original-Envelope-Id: {mail.envelope_id}\r\nReporting-MTA: dns; mail.example\r\n\r\n"
        f"Final-Recipient: rfc822; {mail.to}\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n--edge--\r\n"
    ).encode()
