"""`carrier-router send`: submit one message to a running daemon."""

import argparse
from typing import Any

from router.cli.client import Client, add_arguments, ask, print_fields, print_json
from router.message import EncodingWish, ReceiptWish, TrafficClass
from router.submit import Channel

# Options that go into the submit under the same name.
_FIELDS = (
    "to", "from", "text", "class", "reference", "channel", "encoding", "send_at", "expires_in", "receipts", "plan",
)  # fmt: skip


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "send", help="submit one message to a running daemon", description="Submit one message and print it."
    )
    parser.add_argument("--to", required=True, help="recipient in E.164, e.g. +237670000001, or an email address")
    parser.add_argument("--text", required=True, help="the content")
    parser.add_argument("--from", help="the sender; default: the account's")
    parser.add_argument("--class", choices=[one.value for one in TrafficClass])
    parser.add_argument("--reference", help="echoed in answers and events")
    parser.add_argument("--channel", choices=[one.value for one in Channel])
    parser.add_argument("--encoding", choices=[one.value for one in EncodingWish])
    parser.add_argument("--send-at", metavar="TIME", help="not before this time (RFC 3339)")
    parser.add_argument("--expires-in", type=int, metavar="SECONDS", help="do not send it later than that")
    parser.add_argument("--receipts", choices=[one.value for one in ReceiptWish])
    parser.add_argument("--plan", help="a plan of routes.yaml")
    parser.add_argument("--flash", action="store_true", help="show it at once, do not store it (class 0)")
    parser.add_argument(
        "--option",
        action="append",
        type=_option,
        default=[],
        metavar="NAME=TEXT",
        help="an option of the channel or the operator, e.g. subject=Hello; may be given again",
    )
    parser.add_argument("--idempotency-key", metavar="KEY", help="sent again with the same key it is not sent twice")
    add_arguments(parser)
    parser.set_defaults(func=run)


def _option(written: str) -> tuple[str, str]:
    name, equals, text = written.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{written!r} is not NAME=TEXT")
    return name, text


def run(arguments: argparse.Namespace) -> int:
    given = vars(arguments)
    submit = {name: given[name] for name in _FIELDS if given[name] is not None}
    if arguments.flash:
        submit["flash"] = True
    if arguments.option:
        submit["options"] = dict(arguments.option)
    headers = {"Idempotency-Key": arguments.idempotency_key} if arguments.idempotency_key is not None else {}

    def command(client: Client) -> None:
        message = client.call("POST", "/v1/messages", body=submit, headers=headers)
        (print_json if arguments.json else print_fields)(message)

    return ask(arguments, command)
