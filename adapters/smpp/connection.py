"""One session on one transport: the only SMPP code that touches sockets."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final, cast

from adapters.smpp.happenings import Closed, Event
from adapters.smpp.session import Session
from router.operator import Tls
from router.ports.clock import Clock

_HELD_BACK: Final = 1 << 20
"""With so many octets waiting for a peer that does not read, we no longer read from it either."""

_OWED: Final = 20_000
"""With so many deliveries waiting to be stored, we read no more until half of them are acknowledged."""

_LINGER: Final = 1.0
"""Seconds that a closed connection may take to send its last octets."""


def client_context(tls: Tls) -> ssl.SSLContext:
    """TLS towards an operator. Raises OSError (ssl.SSLError is one) for files that cannot be read or do not fit."""
    context = ssl.create_default_context(cafile=tls.ca)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context


class Connection(asyncio.Protocol):
    """Feeds a session from its transport, writes what it says once per loop turn, hands its events on in batches.

    `ended` gets the session's Closed once the transport is gone.
    """

    def __init__(self, session: Session, clock: Clock, hear: Callable[["Connection", list[Event]], None]) -> None:
        self.session = session
        self._clock = clock
        self._hear = hear
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Closed] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._closed: Closed | None = None
        self._flushing = False
        self._writable = True

    # --- from above ----------------------------------------------------------------------------------------------

    def touch(self) -> None:
        """The session has something to write: write it at the end of this loop turn, with all that is added."""
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def tick(self) -> None:
        self.session.tick(self._clock.monotonic())
        self._settle()

    def acknowledge(self, command_id: int, sequence: int, stored: bool) -> None:
        self.session.acknowledge(command_id, sequence, stored)
        self.touch()

    def unbind(self) -> None:
        self.session.unbind(self._clock.monotonic())
        self._settle()

    def close(self, reason: str) -> None:
        self.session.close(reason)
        self._settle()

    def abort(self) -> None:
        """Drop the transport without any farewell."""
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.session.bind(self._clock.monotonic())
        self._settle()

    def data_received(self, data: bytes) -> None:
        self.session.receive(data, self._clock.monotonic())
        self._settle()

    def eof_received(self) -> None:
        self.close("the peer closed the connection")

    def connection_lost(self, exc: Exception | None) -> None:
        self.close(f"connection lost: {exc}" if exc else "the peer closed the connection")
        self._transport = None
        if self._closed is not None and not self.ended.done():
            self.ended.set_result(self._closed)

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._flush()

    # --- inside --------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """After any call of the session: pass its events on and see to its octets."""
        session = self.session
        if session.events:
            events = session.events
            session.events = []
            last = events[-1]
            if isinstance(last, Closed):
                self._closed = last
            self._hear(self, events)
        if self._closed is not None:
            self._part()
        elif session.out or session.owed > _OWED:
            self.touch()

    def _flush(self) -> None:
        self._flushing = False
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._writable and self.session.out:
            out = self.session.out
            self.session.out = bytearray()
            transport.write(out)
        if len(self.session.out) > _HELD_BACK or self.session.owed > _OWED:
            transport.pause_reading()
        elif not transport.is_reading() and self.session.owed <= _OWED // 2:
            transport.resume_reading()

    def _part(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self.session.out:
            transport.write(self.session.out)
            self.session.out = bytearray()
        transport.close()
        self._loop.call_later(_LINGER, transport.abort)
