"""What the commands share that speak to a running daemon: arguments, calls over HTTP, and how refusals are shown."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

DEFAULT_URL = "http://127.0.0.1:8080"
PATIENCE = 60.0
"""Seconds to wait for an answer, beyond what the call itself may wait."""


class Refused(Exception):
    """The daemon said no: `problem` is its answer, as of RFC 9457."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(problem["detail"])
        self.problem = problem


class Unreachable(Exception):
    """There is no daemon to talk to, or what answered is none."""


class Usage(Exception):
    """The arguments do not make sense together."""


class Client:
    """Calls a daemon at `url`. Every call raises Refused or Unreachable; the connection is made anew each time."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        try:
            parts = urlsplit(url)
            host, self._port = parts.hostname, parts.port
        except ValueError:
            host = None
        if host is None or parts.scheme not in ("http", "https"):
            raise Usage(f"{url} is not an address such as {DEFAULT_URL}")
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._prefix = host, parts.path.rstrip("/")
        self._token = token

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> Any:
        """The decoded answer."""
        target = f"{self._prefix}{path}{'?' + urlencode(query) if query else ''}"
        sent = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        data = None
        if body is not None:
            data = msgspec.json.encode(body)
            sent["Content-Type"] = "application/json"
        connection = self._kind(self._host, self._port, timeout=patience)
        try:
            connection.request(method, target, data, sent)
            answer = connection.getresponse()
            status, content = answer.status, answer.read()
        except ConnectionRefusedError:
            raise Unreachable(f"nothing listens at {self._url}; is the daemon running?") from None
        except (OSError, HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"the daemon at {self._url} cannot be asked: {reason}") from None
        finally:
            connection.close()
        return self._decoded(status, content)

    def _decoded(self, status: int, content: bytes) -> Any:
        try:
            decoded = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            decoded = None
        if not isinstance(decoded, dict):
            raise Unreachable(f"what answers at {self._url} is not a carrier router (status {status})")
        if status >= 400:
            if not isinstance(decoded.get("code"), str) or not isinstance(decoded.get("detail"), str):
                raise Unreachable(f"what answers at {self._url} is not a carrier router (status {status})")
            raise Refused(decoded)
        return decoded


def add_arguments(parser: argparse.ArgumentParser, admin: bool = False) -> None:
    """--url, --token and --json, the same for every command that asks a daemon."""
    variable = _token_variable(admin)
    parser.add_argument("--url", help=f"the daemon's internal API; default: $CARRIER_ROUTER_URL, else {DEFAULT_URL}")
    parser.add_argument("--token", help=f"{'the admin token' if admin else 'the account token'}; default: ${variable}")
    parser.add_argument("--json", action="store_true", help="print what the daemon answers, as JSON")


def ask(arguments: argparse.Namespace, command: Callable[[Client], None], admin: bool = False) -> int:
    """Run `command` with a client made of the arguments. Exit code 0, 1 where it was refused, 2 for wrong usage."""
    variable = _token_variable(admin)
    token = arguments.token or os.environ.get(variable)
    url = arguments.url or os.environ.get("CARRIER_ROUTER_URL") or DEFAULT_URL
    try:
        if not token or not token.isascii() or not token.isprintable():
            raise Usage(f"give a token with --token or in {variable}")
        command(Client(url, token))
    except Usage as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Unreachable as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Refused as refused:
        problem = refused.problem
        print(f"error: {problem['code']}: {problem['detail']}", file=sys.stderr)
        for one in problem.get("errors", ()):
            if "file" in one:
                print(f"{one['file']}:{one['line']}: {one['detail']}", file=sys.stderr)
            elif one["detail"] == problem["detail"]:
                print(f"  in {one['field']}", file=sys.stderr)
            else:
                print(f"  {one['field']}: {one['detail']}", file=sys.stderr)
        return 1
    return 0


def print_json(value: object) -> None:
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_json_line(value: object) -> None:
    print(msgspec.json.encode(value).decode(), flush=True)


def print_fields(fields: Mapping[str, object]) -> None:
    Console().print(fields_of(fields))


def print_rows(heads: list[str], rows: list[list[object]]) -> None:
    Console().print(rows_of(heads, rows))


def fields_of(fields: Mapping[str, object]) -> Table:
    """One object as two columns; what is null is left out."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in fields.items():
        if value is not None:
            table.add_row(Text(name, style="bold"), styled(value))
    return table


def rows_of(heads: list[str], rows: list[list[object]]) -> Table:
    table = Table(*heads)
    for row in rows:
        table.add_row(*map(styled, row))
    return table


_STYLES = {
    **dict.fromkeys(("up", "delivered", "done", "message.delivered"), "green"),
    **dict.fromkeys(
        ("paused", "draining", "drained", "connecting", "cap_reached", "unknown", "cancelled", "message.unknown"),
        "yellow",
    ),
    **dict.fromkeys(("down", "circuit_open", "failed", "rejected", "undelivered", "expired", "removed"), "red"),
    **dict.fromkeys(("message.failed", "message.rejected", "message.undelivered", "message.expired"), "red"),
}


def styled(value: object) -> Text:
    """A value of an answer, in the colour of the state that it begins with."""
    text = shown(value)
    return Text(text, style=_STYLES.get(text.partition(":")[0], ""))


def shown(value: object) -> str:
    """A value of an answer in a few words."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case {"amount": amount, "currency": currency}:
            return f"{amount} {currency}"
        case dict():
            return ", ".join(f"{name} {shown(one)}" for name, one in value.items() if one is not None)
        case list():
            return ", ".join(shown(one) for one in value)
    return str(value)


def count(text: str) -> int:
    """An argument that is a whole number and not negative."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("it cannot be negative")
    return number


def _token_variable(admin: bool) -> str:
    return "CARRIER_ROUTER_ADMIN_TOKEN" if admin else "CARRIER_ROUTER_TOKEN"
