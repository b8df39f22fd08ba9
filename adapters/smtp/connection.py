"""One conversation with a server: opened with TLS and credentials, then one mail after the other (RFC 5321)."""

import asyncio
import socket
import ssl
from asyncio import Transport
from typing import Final, cast

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException
from msgspec import Struct

from adapters.smtp.mail import Mail
from adapters.smtp.replies import Stage, outcome_of
from router.operator import Override, SmtpLink
from router.outcome import Outcome, OutcomeKind

_FLUSHING: Final = 0.005


class Patience(Struct, frozen=True):
    """Seconds that things may take. After the final dot RFC 5321 section 4.5.3.2.6 wants ten minutes: who gives up
    sooner sends twice."""

    connect: float = 30.0
    command: float = 60.0
    content: float = 600.0


PATIENCE: Final = Patience()


class NotConnected(Exception):
    """No conversation came about. `credentials`: ours were refused, and asking again soon will not help."""

    def __init__(self, reason: str, credentials: bool = False) -> None:
        super().__init__(reason)
        self.credentials = credentials


class Cut(Exception):
    """The conversation ended before the mail was given away. `early`: at the very first command for it, as of a server
    that has had enough of this conversation."""

    def __init__(self, reason: str, early: bool) -> None:
        super().__init__(reason)
        self.early = early


class Connection:
    """`in_doubt` from the final dot of a mail until its answer; `mails` is how many were begun."""

    def __init__(self, link: SmtpLink, patience: Patience) -> None:
        self._link = link
        self._patience = patience
        self._client = SMTP(
            hostname=link.host,
            port=link.port,
            use_tls=link.tls is True,
            start_tls=False,
            timeout=patience.command,
            local_hostname="localhost",
        )
        self._unfinished = False
        self.in_doubt = False
        self.mails = 0

    @property
    def is_open(self) -> bool:
        return self._client.is_connected

    def offers(self, extension: str) -> bool:
        """Whether the server said that it knows an extension of ESMTP."""
        return self._client.supports_extension(extension)

    async def open(self) -> None:
        """Connect; with TLS and credentials as the link says, and never with less. Raises NotConnected."""
        link, client = self._link, self._client
        try:
            async with asyncio.timeout(self._patience.connect):
                # Read anew each time, so that a renewed authority is used without a restart.
                context = await asyncio.to_thread(ssl.create_default_context) if link.tls else None
                client.tls_context = context
                await client.connect()
                client.local_hostname = _our_name(client)
                if link.tls == "starttls":
                    await client.starttls()
                await self._greet()
                if link.username is not None:
                    await client.login(link.username, link.password or "")
        except SMTPAuthenticationError as error:
            # Of 4xx the server's own trouble is the reason.
            raise self._failed(f"the credentials were refused with {error.code}", error.code >= 500) from None
        except SMTPResponseException as error:
            raise self._failed(f"refused with {error.code} {_line(error.message)}") from None
        except (SMTPException, OSError, UnicodeError, ValueError) as error:
            raise self._failed(f"cannot connect: {_line(str(error)) or 'no answer in time'}") from None
        except BaseException:
            client.close()
            raise

    async def _greet(self) -> None:
        """EHLO, and where a server does not know that, HELO."""
        try:
            await self._client.ehlo()
        except SMTPResponseException as error:
            if error.code == 421 or not self._client.is_connected:
                raise
            await self._client.helo()

    def _failed(self, reason: str, credentials: bool = False) -> NotConnected:
        self._client.close()
        return NotConnected(reason, credentials)

    async def send(self, mail: Mail, notify: str, overrides: dict[int, Override]) -> Outcome:
        """Give a mail to the server; `notify` is when it is to tell what became of it (RFC 3461 section 4.1).

        The outcome is unknown where the final dot was written and no answer came. Raises Cut where the conversation
        ended before that.
        """
        if mail.utf8 and not self.offers("smtputf8"):
            return Outcome(OutcomeKind.REJECTED, detail="the server takes no addresses beyond ASCII (SMTPUTF8)")
        self.mails += 1
        stage: Stage = Stage.MAIL
        try:
            if self._unfinished:
                await self._client.rset()
            self._unfinished = True
            for stage, command in self._envelope(mail, notify):
                reply = await self._client.execute_command(*command)
                if reply.code == 421 and stage is Stage.MAIL:
                    self.close()
                    raise Cut(f"no more mails on this conversation: {reply.code} {_line(reply.message)}", early=True)
                if reply.code // 100 != (3 if stage is Stage.DATA else 2):
                    return self._refused(stage, reply.code, reply.message, overrides)
            stage = Stage.CONTENT
            code, text = await self._content(mail.content)
        except (SMTPException, OSError) as error:
            self.close()
            reason = f"no usable answer to {stage}: {_line(str(error)) or 'it took too long'}"
            if self.in_doubt:
                self.in_doubt = False
                return Outcome(OutcomeKind.UNKNOWN, detail=reason)
            raise Cut(reason, stage is Stage.MAIL) from None
        self.in_doubt = self._unfinished = False
        if code // 100 == 2:
            return Outcome(OutcomeKind.ACCEPTED, mail.id, str(code))
        return self._refused(stage, code, text, overrides)

    def _refused(self, stage: Stage, code: int, text: str, overrides: dict[int, Override]) -> Outcome:
        if not 400 <= code < 600:
            # Not of any use at this place: what it will say next is not to be known.
            self.close()
            code, text = 451, f"out of turn: {code} {text}"
        elif code == 421:
            self.close()
        return outcome_of(stage, code, text, overrides)

    def _envelope(self, mail: Mail, notify: str) -> list[tuple[Stage, tuple[bytes, ...]]]:
        come_from = [b"MAIL FROM:<%b>" % mail.sender.encode()]
        go_to = [b"RCPT TO:<%b>" % mail.to.encode()]
        if self.offers("size"):
            come_from.append(b"SIZE=%d" % len(mail.content))
        if mail.utf8:
            come_from.append(b"SMTPUTF8")
        if self.offers("dsn"):
            come_from += [b"RET=HDRS", b"ENVID=%b" % xtext(mail.id)]
            go_to.append(b"NOTIFY=%b" % notify.encode())
            if mail.to.isascii():
                go_to.append(b"ORCPT=rfc822;%b" % xtext(mail.to))
        return [(Stage.MAIL, tuple(come_from)), (Stage.RCPT, tuple(go_to)), (Stage.DATA, (b"DATA",))]

    async def _content(self, content: bytes) -> tuple[int, str]:
        """Everything behind DATA, and the answer to it."""
        protocol = self._client.protocol
        if protocol is None or protocol.transport is None:
            raise ConnectionResetError("the connection was lost")
        protocol.write(dotted(content))
        # Without the dot nobody has it: as long as not all of it left, it surely goes back.
        async with asyncio.timeout(self._patience.content):
            while self._unsent():  # noqa: ASYNC110  no event tells of it
                await asyncio.sleep(_FLUSHING)
        self.in_doubt = protocol.is_connected
        protocol.write(b".\r\n")
        reply = await protocol.read_response(timeout=self._patience.content)
        if not 200 <= reply.code < 600 or reply.code // 100 == 3:
            raise ConnectionError(f"{reply.code} out of turn")
        return reply.code, reply.message

    def _unsent(self) -> int:
        """Octets that wait for the network; none where the connection is lost."""
        transport = self._client.transport
        return cast(Transport, transport).get_write_buffer_size() if transport is not None else 0

    async def close_politely(self, timeout: float) -> None:
        """QUIT, and what the server says to it at most so many seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._client.quit()
        except (SMTPException, OSError):
            pass
        finally:
            self.close()

    def close(self) -> None:
        transport = self._client.transport
        if transport is not None and self._unsent() and not self.in_doubt:
            # It would stay open until somebody reads that.
            cast(Transport, transport).abort()
        self._client.close()


def dotted(content: bytes) -> bytes:
    """Lines that begin with a dot get another one (RFC 5321 section 4.5.2); the last line ends."""
    content = content.replace(b"\r\n.", b"\r\n..")
    if content.startswith(b"."):
        content = b"." + content
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def xtext(value: str) -> bytes:
    """As parameters of DSN are written (RFC 3461 section 4)."""
    return "".join(one if "!" <= one <= "~" and one not in "+=" else f"+{ord(one):02X}" for one in value).encode()


def _our_name(client: SMTP) -> str:
    """What we call ourselves: the host's name if it is one of the DNS, else our address (RFC 5321 section 4.1.3)."""
    name = socket.gethostname()
    if "." in name.strip(".") and name.isascii() and not name.endswith((".local", ".localdomain")):
        return name
    host = str(client.get_transport_info("sockname")[0]).partition("%")[0]
    return f"[IPv6:{host}]" if ":" in host else f"[{host}]"


def _line(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text[:200]).strip()
