"""A mail server by aiosmtpd that does what the recipient's name says, and notifies as RFC 3461 and 3464 have it.

`python -m tests.smtp.server` runs it as a process, with STARTTLS and a login; notifications are posted to --callback.
"""

import argparse
import asyncio
import ssl
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiohttp import ClientSession
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Notify = Callable[[bytes], Awaitable[None]]

# The name before the @, up to a + or a -, and the reply to RCPT or to the whole mail.
AT_RCPT = {
    "refused": "550 5.1.1 no such user here",
    "policy": "550 5.7.1 you may not",
    "busy": "450 4.2.0 try again later",
    "fast": "450 4.7.1 rate limit exceeded, slow down",
    "nocredit": "530 5.7.0 authentication required",
}
AT_DATA = {
    "spam": "554 5.7.1 message content rejected",
    "broken": "451 4.3.0 local error",
    "big": "552 5.3.4 message too big",
}
ONCE = {"busyonce": "450 4.2.0 try again later", "fastonce": "421 4.7.0 too many messages, slow down"}


@dataclass
class Mail:
    """A mail as it came."""

    sender: str
    to: str
    content: bytes
    mail_options: dict[str, str]
    rcpt_options: dict[str, str]
    session: int

    @property
    def parsed(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass
class MailServer:
    """Start it and look at `mails` (all that were accepted), `sessions` (connections so far) and `open`.

    `dsn`: offer it. `users`: who may log in; then nobody else may send. `tls` from the start or, with `starttls`, when
    asked. `delay`: seconds until a notification; `slow`: until a mail is answered.
    """

    dsn: bool = True
    utf8: bool = True
    users: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    starttls: bool = False
    notify: Notify | None = None
    delay: float = 0.0
    slow: float = 0.0
    mails: list[Mail] = field(default_factory=list)
    sessions: int = 0
    open: int = 0
    logins: list[str] = field(default_factory=list)
    at_once: int = 0
    most_mails: int = 0

    def __post_init__(self) -> None:
        self.port = 0
        self.tries: Counter[str] = Counter()
        self.released = asyncio.Event()
        self.released.set()
        self.transports: set[asyncio.Transport] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> int:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Conversation(self), "127.0.0.1", port or self.port, ssl=None if self.starttls else self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        """Nobody listens, and nobody is heard any more."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        for _ in range(20):
            # aiosmtpd does not hear of the end of a connection whose handshake failed.
            if self.open:
                await asyncio.sleep(0.005)

    async def __aenter__(self) -> "MailServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def hold(self) -> None:
        self.released.clear()

    def release(self) -> None:
        self.released.set()

    def cut(self) -> None:
        for transport in list(self.transports):
            transport.abort()

    def tell(self, mail: Mail, action: str, status: str) -> None:
        """Notify of a mail after the delay, where that was asked for."""
        asked = mail.rcpt_options.get("NOTIFY", "NEVER").split(",")
        wanted = {"delivered": "SUCCESS", "relayed": "SUCCESS", "failed": "FAILURE", "delayed": "DELAY"}[action]
        if self.notify is not None and wanted in asked:
            task = asyncio.get_running_loop().create_task(self._tell(notification(mail, action, status)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tell(self, raw: bytes) -> None:
        await asyncio.sleep(self.delay)
        assert self.notify is not None
        await self.notify(raw)


def ending(address: str) -> str:
    """What an address asks for."""
    return address.partition("@")[0].partition("+")[0].partition("-")[0]


def notification(mail: Mail, action: str, status: str) -> bytes:
    """What RFC 3464 makes of a mail's fate."""
    returned = mail.content.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").replace("\r\n", "\n")
    to = mail.rcpt_options.get("ORCPT", f"rfc822;{mail.to}")
    fields = [
        f"Original-Envelope-Id: {mail.mail_options['ENVID']}\n" if "ENVID" in mail.mail_options else "",
        "Reporting-MTA: dns; mail.example\n\n",
        f"Original-Recipient: {to}\nFinal-Recipient: rfc822; {mail.to}\nAction: {action}\nStatus: {status}\n",
        "Last-Attempt-Date: Thu, 01 Jan 2026 00:00:07 +0000\n",
    ]
    return (
        "From: MAILER-DAEMON@mail.example\nSubject: Delivery Status Notification\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="edge"\n\n'
        f"--edge\n\nIt was {action}.\n\n--edge\nContent-Type: message/delivery-status\n\n{''.join(fields)}\n"
        f"--edge\nContent-Type: text/rfc822-headers\n\n{returned}\n\n--edge--\n"
    ).encode()


class Conversation(SMTP):
    """aiosmtpd's, with the parameters of DSN and with addresses that have behaviours."""

    def __init__(self, server: MailServer) -> None:
        self._mail_server = server
        with warnings.catch_warnings():
            # It does not like credentials without TLS, and neither do we.
            warnings.simplefilter("ignore")
            super().__init__(
                Handler(server),
                enable_SMTPUTF8=server.utf8,
                hostname="mail.example",
                tls_context=server.tls if server.starttls else None,
                auth_required=bool(server.users),
                auth_require_tls=False,
                authenticator=self._authenticate,
            )
        self.number = 0
        self.mail_options: dict[str, str] = {}
        self.rcpt_options: dict[str, str] = {}
        self.given = 0

    def connection_made(self, transport: Any) -> None:
        server = self._mail_server
        if not self.number:
            server.sessions += 1
            server.open += 1
            server.at_once = max(server.at_once, server.open)
            self.number = server.sessions
        server.transports.add(transport)
        self._raw = transport
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._mail_server.open -= 1
        self._mail_server.transports.discard(self._raw)
        super().connection_lost(error)

    def _authenticate(self, *given: Any) -> AuthResult:
        login = given[-1]
        assert isinstance(login, LoginPassword)
        user = login.login.decode()
        self._mail_server.logins.append(user)
        success = self._mail_server.users.get(user) == login.password.decode()
        return AuthResult(success=success, handled=False)

    async def smtp_MAIL(self, arg: str | None) -> None:
        most = self._mail_server.most_mails
        if most and self.given >= most:
            await self.push("421 4.7.0 that is enough for one conversation")
            self._raw.close()
            return
        self.given += 1
        rest, self.mail_options = self._without(arg, ("RET", "ENVID"))
        await super().smtp_MAIL(rest)

    async def smtp_RCPT(self, arg: str | None) -> None:
        rest, self.rcpt_options = self._without(arg, ("NOTIFY", "ORCPT"))
        await super().smtp_RCPT(rest)

    def _without(self, arg: str | None, names: tuple[str, ...]) -> tuple[str | None, dict[str, str]]:
        """The parameters of DSN apart, where it is offered."""
        found: dict[str, str] = {}
        rest = []
        for word in (arg or "").split(" "):
            name, equals, value = word.partition("=")
            if self._mail_server.dsn and equals and name.upper() in names:
                found[name.upper()] = value
            else:
                rest.append(word)
        return " ".join(rest) if arg is not None else None, found


class Handler:
    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_EHLO(
        self, smtp: Conversation, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], *(["250-DSN"] if self._server.dsn else []), *responses[1:]]

    async def handle_RCPT(
        self, smtp: Conversation, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        server = self._server
        what = ending(address)
        server.tries[address] += 1
        if what == "early":
            mail = self._mail(smtp, envelope, address, b"Message-ID: <unknown@mail.example>\r\n\r\n")
            server.tell(mail, "delivered", "2.0.0")
            await asyncio.sleep(0.05)
        reply = AT_RCPT.get(what) or (ONCE.get(what) if server.tries[address] == 1 else None)
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, smtp: Conversation, session: Session, envelope: Envelope) -> str:
        server = self._server
        (address,) = envelope.rcpt_tos
        what = ending(address)
        if what in AT_DATA:
            return AT_DATA[what]
        mail = self._mail(smtp, envelope, address, envelope.content or b"")
        if what == "cut" and server.tries[address] == 1:
            smtp._raw.abort()
            return "250 never heard"
        server.mails.append(mail)
        if what == "late" and server.tries[address] == 1:
            smtp._raw.abort()
            server.tell(mail, "delivered", "2.0.0")
            return "250 never heard"
        await server.released.wait()
        await asyncio.sleep(server.slow)
        action, status = {
            "failed": ("failed", "5.1.1"),
            "expired": ("failed", "4.4.7"),
            "relayed": ("relayed", "2.0.0"),
        }.get(what, ("delivered", "2.0.0"))
        if what not in ("early", "never"):
            server.tell(mail, action, status)
            if what == "twice":
                server.tell(mail, action, status)
        return f"250 2.0.0 queued as {len(server.mails)}"

    def _mail(self, smtp: Conversation, envelope: Envelope, address: str, content: Any) -> Mail:
        sender = envelope.mail_from or ""
        return Mail(sender, address, bytes(content), smtp.mail_options, smtp.rcpt_options, smtp.number)


async def main(port: int, callback: str, certificate: str, key: str, user: str, password: str) -> None:
    async with ClientSession() as client:

        async def post(raw: bytes) -> None:
            """As a mail server that pipes to a command: what is not taken stays in its queue."""
            while True:
                async with client.post(callback, data=raw, headers={"Content-Type": "message/rfc822"}) as answer:
                    if answer.status != 503:
                        return
                await asyncio.sleep(0.1)

        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        server = MailServer(notify=post, tls=tls, starttls=True, users={user: password}, delay=0.02)
        await server.start(port)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    for name in ("callback", "certificate", "key", "user", "password"):
        parser.add_argument(f"--{name}", required=True)
    asyncio.run(main(**vars(parser.parse_args())))
