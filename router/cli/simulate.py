"""`carrier-router simulate smsc` and `simulate http`: the misbehaving other sides by hand."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

import msgspec
import uvloop

from adapters.simulator.behaviour import BY_ENDING, help_text
from adapters.simulator.http_behaviour import BY_HTTP_ENDING, http_help_text
from adapters.simulator.http_carrier import CarrierOptions, HttpCarrier
from adapters.simulator.ids import IdForm
from adapters.simulator.observed import Submitted
from adapters.simulator.options import Door
from adapters.simulator.smsc import Smsc, SmscOptions


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `simulate` to the command line."""
    simulate = subparsers.add_parser("simulate", help="run the other side: an SMSC or an HTTP carrier that misbehaves")
    kinds = simulate.add_subparsers(dest="kind", required=True, metavar="KIND")
    smsc = kinds.add_parser(
        "smsc",
        help="an SMPP 3.4 SMSC, steered by the destination's last digits",
        description="Listen as an SMSC until SIGINT or SIGTERM. Takes bind_transmitter, bind_receiver and "
        "bind_transceiver, answers submit_sm and sends receipts where they are asked for.",
        epilog=help_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    defaults = SmscOptions()
    smsc.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    smsc.add_argument("--port", type=_port, default=2775, help="port, 0 for any (default %(default)s)")
    _add_binding(smsc.add_argument_group("binds and sessions"), defaults)
    _add_answers(smsc.add_argument_group("answers"), defaults)
    _add_receipts(smsc.add_argument_group("ids and receipts"), defaults)
    smsc.add_argument("--json", action="store_true", help="one JSON object a line")
    smsc.add_argument(
        "--submits",
        type=Path,
        metavar="FILE",
        help="write a line for each submit_sm: its destination and the status of the answer, - for none",
    )
    smsc.set_defaults(func=run)
    _add_http(kinds)


def _add_http(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    defaults = CarrierOptions()
    http = kinds.add_parser(
        "http",
        help="an HTTP carrier, steered by the number's last digits",
        description="Listen as an HTTP carrier until SIGINT or SIGTERM: POST /messages, POST /batches, "
        "GET /messages/ID, POST /token. Callbacks are signed in X-Signature: sha256=HEX.",
        epilog=http_help_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    http.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    http.add_argument("--port", type=_port, default=8090, help="port, 0 for any (default %(default)s)")
    http.add_argument("--token", help="the bearer token that requests must have (default: any)")
    http.add_argument("--client-id", help="who may have a token at /token; requests then need one")
    http.add_argument("--client-secret", help="the secret of that client")
    http.add_argument("--secret", default=defaults.secret, help="what callbacks are signed with (default %(default)s)")
    http.add_argument("--callback", metavar="URL", help="where they go if a message has no callback_url")
    http.add_argument(
        "--behaviour",
        choices=sorted(BY_HTTP_ENDING),
        default="",
        metavar="ENDING",
        help="a row of the table below for all numbers that have none of their own",
    )
    for name, what in (
        ("response-delay", "before each answer"),
        ("receipt-delay", "from a message to its callback (default %(default)s)"),
        ("late", "how late what is late comes (default %(default)s)"),
        ("resend", "until a callback that was not taken is sent again (default %(default)s)"),
    ):
        default = getattr(defaults, name.replace("-", "_"))
        http.add_argument(f"--{name}", type=_seconds, default=default, metavar="SECONDS", help=what)
    http.add_argument("--all-or-none", action="store_true", help="refuse a batch as a whole for one bad message in it")
    http.add_argument("--json", action="store_true", help="one JSON object a line")
    http.set_defaults(func=run_http)


def _add_binding(group: "argparse._ArgumentGroup", defaults: SmscOptions) -> None:
    group.add_argument("--system-id", help="the only system_id that may bind (default: any)")
    group.add_argument("--password", help="the password it must give (default: any)")
    group.add_argument(
        "--sessions", type=_limit, default=0, metavar="N", help="refuse (0x05) more than N at a time of one system_id"
    )
    group.add_argument(
        "--bind-status", type=_status, default=0, metavar="STATUS", help="refuse binds with this, e.g. 0x0D"
    )
    group.add_argument(
        "--door",
        type=Door,
        choices=list(Door),
        default=defaults.door,
        help="end the connection of a bind, or never answer it (default %(default)s)",
    )
    group.add_argument(
        "--first-binds", type=_limit, metavar="N", help="only the first N binds meet --bind-status or --door"
    )
    group.add_argument(
        "--flap", type=_seconds, default=0.0, metavar="SECONDS", help="end each session so long after its bind"
    )
    group.add_argument(
        "--idle", type=_seconds, default=0.0, metavar="SECONDS", help="end a session that says nothing for so long"
    )
    group.add_argument(
        "--enquire-gap",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="end a session whose enquire_links come faster",
    )
    group.add_argument("--bodies", action="store_true", help="answer errors with a body, binds and submits alike")
    group.add_argument("--mute", action="store_true", help="read everything, answer nothing")


def _add_answers(group: "argparse._ArgumentGroup", defaults: SmscOptions) -> None:
    group.add_argument(
        "--behaviour",
        choices=sorted(BY_ENDING),
        default="",
        metavar="ENDING",
        help="a row of the table below for all numbers that have none of their own",
    )
    group.add_argument(
        "--response-delay", type=_seconds, default=0.0, metavar="SECONDS", help="before each submit_sm_resp"
    )
    group.add_argument(
        "--late",
        type=_seconds,
        default=defaults.late,
        metavar="SECONDS",
        help="how late a late answer is (default %(default)s)",
    )
    group.add_argument("--refuse", type=_status, default=0, metavar="STATUS", help="refuse every submit_sm with this")
    group.add_argument(
        "--throttle", type=_seconds, default=0.0, metavar="N", help="answer 0x58 beyond N submits a second"
    )
    group.add_argument("--credit", type=_limit, metavar="N", help="accept N submits, then refuse all")
    group.add_argument(
        "--no-credit",
        type=_status,
        default=defaults.no_credit,
        metavar="STATUS",
        help="with this (default 0x%(default)X)",
    )


def _add_receipts(group: "argparse._ArgumentGroup", defaults: SmscOptions) -> None:
    group.add_argument(
        "--id-form",
        type=IdForm,
        choices=list(IdForm),
        default=defaults.id_form,
        help="how message ids are written (default %(default)s)",
    )
    group.add_argument(
        "--id-in-receipt",
        type=IdForm,
        choices=list(IdForm),
        help="how they are written in receipts (default: the same)",
    )
    group.add_argument("--first-id", type=_limit, metavar="N", help="where they start, as a number (default: anywhere)")
    group.add_argument(
        "--receipt-delay",
        type=_seconds,
        default=defaults.receipt_delay,
        metavar="SECONDS",
        help="from submit_sm to its receipt (default %(default)s)",
    )
    group.add_argument(
        "--window", type=_count, default=defaults.window, metavar="N", help="unanswered deliver_sm per session"
    )
    group.add_argument(
        "--resend",
        type=_seconds,
        default=defaults.resend,
        metavar="SECONDS",
        help="until an unanswered receipt is sent again (default %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until a signal; 0, or 1 where it cannot listen."""
    given = vars(args)
    options = SmscOptions(**{one.name: given[one.name] for one in fields(SmscOptions) if one.name in given}, keep=False)
    with ExitStack() as stack:
        on_submit = None
        if args.submits is not None:
            try:
                on_submit = _writer(stack.enter_context(args.submits.open("w")))
            except OSError as error:
                print(f"cannot write {args.submits}: {error.strerror or error}", file=sys.stderr)
                return 1
        smsc = Smsc(options, on_submit)

        def counts() -> dict[str, int]:
            return {"sessions": len(smsc.sessions), **msgspec.to_builtins(smsc.counts)}

        return _run(_until_stopped(smsc, counts, args, "SMSC", _line), args)


def _writer(file: IO[str]) -> Callable[[Submitted], None]:
    def write(submitted: Submitted) -> None:
        status = submitted.status
        file.write(f"{submitted.pdu.destination_addr} {'-' if status is None else status}\n")

    return write


def run_http(args: argparse.Namespace) -> int:
    """As `run`, of the HTTP carrier."""
    given = vars(args)
    names = [one.name for one in fields(CarrierOptions) if one.name in given]
    options = CarrierOptions(**{name: given[name] for name in names}, keep=False)
    carrier = HttpCarrier(options)

    def counts() -> dict[str, int]:
        found: dict[str, int] = msgspec.to_builtins(carrier.counts)
        return found

    return _run(_until_stopped(carrier, counts, args, "HTTP carrier", _http_line), args)


def _run(serving: Coroutine[Any, Any, None], args: argparse.Namespace) -> int:
    try:
        uvloop.run(serving)
    except OSError as error:
        print(f"cannot listen on {args.host}:{args.port}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


async def _until_stopped(
    simulator: Smsc | HttpCarrier,
    counts: Callable[[], dict[str, int]],
    args: argparse.Namespace,
    what: str,
    line: Callable[[dict[str, int]], str],
) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    port = await simulator.start(args.host, args.port)
    _say({"listening": f"{args.host}:{port}"} if args.json else f"{what} listening on {args.host}:{port}")
    told: dict[str, int] = {}
    while not stopped.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), 1.0)
        if (now := counts()) != told:
            told = now
            _say(now if args.json else line(now))
    await simulator.stop()
    if not args.json and sys.stdout.isatty():
        print()


def _http_line(counts: dict[str, int]) -> str:
    line = (
        "{requests} requests ({accepted} accepted, {refused} refused, {unanswered} unanswered), "
        "{delivered} of {callbacks} callbacks taken"
    ).format_map(counts)
    return f"\r\x1b[K{line}" if sys.stdout.isatty() else line


def _line(counts: dict[str, int]) -> str:
    line = (
        "{sessions} sessions, {submits} submits ({accepted} accepted, {refused} refused, {unanswered} unanswered), "
        "{delivered} of {deliveries} deliveries answered, {resent} sent again"
    ).format_map(counts)
    # On a terminal the line replaces the one before.
    return f"\r\x1b[K{line}" if sys.stdout.isatty() else line


def _say(what: str | dict[str, Any]) -> None:
    line = what if isinstance(what, str) else msgspec.json.encode(what).decode()
    print(line, end="" if line.startswith("\r") else "\n", flush=True)


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError("must be 0 to 65535")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _limit(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def _status(text: str) -> int:
    value = int(text, 0)
    if not 0 <= value < 1 << 32:
        raise argparse.ArgumentTypeError("must be a command_status, such as 0x0D")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError("must not be negative")
    return value
