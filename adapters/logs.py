"""Structured logs that can be shown to anyone: numbers masked, message text and secrets never in them.

Everything that is logged, by structlog or by the standard library (aiohttp, asyncio, warnings), goes through one
chain: keys that carry content or credentials are dropped, known secrets are blotted out wherever they stand, numbers
lose their middle and email addresses all but their first letter and domain. Objects are logged by their type only, so a
repr cannot carry a text past this.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import PurePath
from typing import Any, TextIO, cast
from uuid import UUID

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from router.settings import LogSettings

REDACTED = "[redacted]"
_SHORTEST_SECRET = 4  # a shorter one would blot out ordinary words

# Names of fields, in lower case with underscores.
_DROPPED = re.compile(
    "text|data|body|payload|content|short_message|udh|authorization|cookie"
    "|(?:.*_)?(?:password|passwd|token|secret)|.*_key"
)
_NUMBERS = re.compile("to|from_?|sender|numbers?|recipient|msisdn|(?:source|destination)(?:_addr)?")
_READABLE = re.compile("(?:.*_)?id|timestamp|time|at|digest|version")
_PLAIN = (str, UUID, PurePath, IPv4Address, IPv4Network, IPv6Address, IPv6Network)

# A UUID, or a hexadecimal word too long to be a number (a digest, a trace id), is matched first and kept.
_ADDRESS = r"(?P<address>[^\s@<>()\"',:;/\[\]\\]{1,64}@[^\s@<>()\"',:;/?#\[\]\\]+)"
_IN_TEXT = re.compile(
    r"(?P<kept>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\b[0-9a-fA-F]{16,}\b)"
    rf"|{_ADDRESS}"
    r"|\+\d(?:[ .()-]{0,2}\d){6,14}|\d{9,15}"
)
_IN_NUMBER = re.compile(rf"{_ADDRESS}|\+?\d(?:[ .()-]{{0,2}}\d){{6,}}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


def mask(number: str) -> str:
    """Keep what tells country and network apart: +237670000001 becomes +2376******01, 0670000001 0670****01."""
    plus = "+" if number.startswith("+") else ""
    digits = "".join(filter(str.isdigit, number))
    return f"{plus}{digits[:4]}{'*' * (len(digits) - 6)}{digits[-2:]}"


def mask_address(address: str) -> str:
    """Keep the domain: ann@shop.example becomes a***@shop.example."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"


def _mask_match(match: re.Match[str]) -> str:
    if match.lastgroup == "address":
        return mask_address(match[0])
    return match[0] if match.lastgroup == "kept" else mask(match[0])


class Cleaner:
    """The processor that makes an event fit to be read by anyone; also puts time, level and event first."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        head = {name: event.pop(name) for name in ("timestamp", "level", "logger") if name in event}
        said = self._value("event", event.pop("event", ""))
        return {**head, "event": said, **self._fields(event)}

    def _fields(self, fields: Mapping[Any, Any]) -> dict[str, Any]:
        cleaned = {}
        for key, value in fields.items():
            name = str(key).lower().replace("-", "_")
            if not _DROPPED.fullmatch(name):
                cleaned[self._string("", str(key))] = self._value(name, value)
        return cleaned

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, Enum):
            value = value.value
        if value is None or isinstance(value, bool | float | Decimal | date | datetime):
            return value
        if isinstance(value, int):
            digits = str(value)
            masked = self._string(name, digits) if _NUMBERS.fullmatch(name) else digits
            return value if masked == digits and abs(value) < 1 << 63 else masked
        if isinstance(value, Mapping):
            return self._fields(value)
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(name, item) for item in value]
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{len(value)} bytes>"
        if isinstance(value, BaseException):
            return self._string(name, f"{type(value).__name__}: {value}")
        if isinstance(value, _PLAIN):
            return self._string(name, str(value))
        return f"<{type(value).__name__}>"

    def _string(self, name: str, value: str) -> str:
        if not value.isascii():
            value = value.encode("utf-8", "backslashreplace").decode()  # a lone surrogate has no UTF-8
        if self._secrets is not None:
            value = self._secrets.sub(REDACTED, value)
        if _NUMBERS.fullmatch(name):
            return _IN_NUMBER.sub(_mask_match, value)
        if _READABLE.fullmatch(name):
            return value
        return _IN_TEXT.sub(_mask_match, value)


def _escape_controls(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """On a terminal nothing that came from outside may start a line or steer the screen. JSON escapes by itself."""
    return {
        _escaped(key): _escaped(value) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }


def _escaped(value: str) -> str:
    return _CONTROL.sub(lambda match: repr(match[0])[1:-1], value)


def _json(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event).decode()


class _Forgiving:
    """A stream whose troubles are its own: a full disk under the log must not stop what it would have told of."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except OSError:
            pass

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            pass


def configure(settings: LogSettings, stream: TextIO, secrets: Iterable[str] = ()) -> None:
    """Send all logs to `stream`, one line per event, as `settings` say.

    `secrets` are values that must not appear whatever carries them (of four characters or more). May be called
    again with the settings of a reload: it then holds for everything but loggers that had values bound before.
    """
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        Cleaner(secrets),
    ]
    renderer: list[Processor]
    if settings.format == "json":
        renderer = [structlog.processors.JSONRenderer(serializer=_json)]
    else:
        console = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, sort_keys=False
        )
        renderer = [_escape_controls, console]

    forgiving = cast(TextIO, _Forgiving(stream))
    structlog.configure(
        processors=[*chain, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(forgiving),
        cache_logger_on_first_use=False,  # a reload may change the level
    )
    handler = logging.StreamHandler(forgiving)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *chain],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    logging.captureWarnings(True)
    logging.basicConfig(handlers=[handler], level=max(level, logging.INFO), force=True)
