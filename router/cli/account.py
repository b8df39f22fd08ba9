"""`carrier-router account`: what the administrator does with an account of a running daemon."""

import argparse
import csv
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from router.cli.client import Client, Usage, add_arguments, ask, count, print_fields, print_json, print_rows, shown

_AT_ONCE = 1000


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "account",
        help="keep an account's wallet, opt-out list, lists of contacts and templates",
        description="Keep what an account has to spend, the numbers that want nothing from it, and what no public API "
        "can make: lists of contacts and templates. Needs the admin token.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, what in (
        ("unsubscribe", "put a number on an account's opt-out list"),
        ("subscribe", "take a number off an account's opt-out list"),
    ):
        _add_action(actions, name, what, _change).add_argument("number", metavar="NUMBER", help="in E.164")
    listing = _add_action(actions, "opt-outs", "show an account's opt-out list", _list)
    listing.add_argument("--after", metavar="NUMBER", help="only the numbers behind this one, in their order")
    listing.add_argument("--limit", type=count, default=100, help="how many, 1 to 1000; default: %(default)s")
    credit = _add_action(actions, "credit", "pay into an account's wallet, or take out of it", _credit)
    credit.add_argument("amount", metavar="AMOUNT", help="in the account's currency, e.g. 100.00; below zero takes out")
    credit.add_argument("--idempotency-key", metavar="KEY", help="sent again with the same key it is not paid twice")
    wallet = _add_action(actions, "wallet", "show what an account has, and what made it so, newest first", _wallet)
    wallet.add_argument("--before", type=count, metavar="NO", help="only the entries before this one")
    wallet.add_argument("--limit", type=count, default=100, help="how many, 1 to 1000; default: %(default)s")
    lists = _add_action(actions, "lists", "make a list of contacts for an account", _make_list)
    lists.add_argument("name", metavar="NAME")
    lists.add_argument("--id", help="the id that public APIs show; any free one where absent")
    lists.add_argument("--subscribe-word", metavar="WORD", help="a handset that writes it comes into the list")
    contacts = _add_action(actions, "contacts", "put contacts into a list of an account", _fill_list)
    contacts.add_argument("list", metavar="LIST", help="the list's id")
    contacts.add_argument("numbers", metavar="NUMBER", nargs="*", help="in E.164")
    contacts.add_argument(
        "--file",
        metavar="CSV",
        help="more of them: a column `number`, and what fills placeholders in columns of that name",
    )
    templates = _add_action(actions, "templates", "make a template for an account", _make_template)
    templates.add_argument("name", metavar="NAME")
    templates.add_argument("content", metavar="TEXT", help="with {{placeholders}}")
    templates.add_argument("--id", help="the id that public APIs show; any free one where absent")


def _add_action(
    actions: Any, name: str, what: str, command: Callable[[argparse.Namespace, Client], None]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=what, description=f"{what.capitalize()}.")
    parser.add_argument("account", metavar="ACCOUNT", help="the account's name")
    add_arguments(parser, admin=True)
    parser.set_defaults(func=lambda given: ask(given, lambda client: command(given, client), admin=True))
    return parser


def _change(arguments: argparse.Namespace, client: Client) -> None:
    _show(arguments, client.call("POST", f"{_path(arguments)}/{arguments.action}", body={"number": arguments.number}))


def _list(arguments: argparse.Namespace, client: Client) -> None:
    query: dict[str, object] = {"limit": arguments.limit}
    if arguments.after is not None:
        query["after"] = arguments.after
    answer = client.call("GET", f"{_path(arguments)}/opt-outs", query)
    if arguments.json:
        print_json(answer)
        return
    print_rows([f"{answer['count']} opted out of {answer['account']}"], [[number] for number in answer["numbers"]])
    if answer["next"] is not None:
        print(f"more: --after {answer['next']}")
    elif answer["addresses"]:
        print(f"and {answer['addresses']} email addresses, which are kept as hashes")


def _credit(arguments: argparse.Namespace, client: Client) -> None:
    key = arguments.idempotency_key
    headers = {"Idempotency-Key": key} if key is not None else {}
    body = {"amount": arguments.amount}
    _show(arguments, client.call("POST", f"{_path(arguments)}/credit", body=body, headers=headers))


def _wallet(arguments: argparse.Namespace, client: Client) -> None:
    query: dict[str, object] = {"limit": arguments.limit}
    if arguments.before is not None:
        query["before"] = arguments.before
    answer = client.call("GET", f"{_path(arguments)}/wallet", query)
    if arguments.json:
        print_json(answer)
        return
    heads = ["no", "time", "kind", "amount", "reference", "detail"]
    print_rows(heads, [[entry[head] for head in heads] for entry in answer["entries"]])
    print(f"{answer['account']} has {shown(answer['balance'])}")
    if answer["next"] is not None:
        print(f"more: --before {answer['next']}")


def _make_list(arguments: argparse.Namespace, client: Client) -> None:
    body = {"name": arguments.name, "id": arguments.id, "subscribe_word": arguments.subscribe_word}
    _show(arguments, client.call("POST", f"{_path(arguments)}/lists", body=body))


def _make_template(arguments: argparse.Namespace, client: Client) -> None:
    body = {"name": arguments.name, "id": arguments.id, "content": arguments.content}
    _show(arguments, client.call("POST", f"{_path(arguments)}/templates", body=body))


def _fill_list(arguments: argparse.Namespace, client: Client) -> None:
    contacts: list[dict[str, Any]] = [{"number": number} for number in arguments.numbers]
    if arguments.file is not None:
        contacts += _contacts_of(arguments.file)
    if not contacts:
        raise Usage("give numbers, or a file that has some")
    path = f"{_path(arguments)}/lists/{quote(arguments.list, safe='')}/contacts"
    answer: dict[str, Any] = {"added": 0, "known": 0}
    for start in range(0, len(contacts), _AT_ONCE):
        told = client.call("POST", path, body={"contacts": contacts[start : start + _AT_ONCE]})
        answer = told | {name: told[name] + answer[name] for name in ("added", "known")}
    _show(arguments, answer)


def _contacts_of(path: str) -> list[dict[str, Any]]:
    """Raises Usage where the file is not there, or not as it has to be."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if "number" not in (rows.fieldnames or ()):
                raise Usage(f"{path}: the first line names the columns, and one of them is `number`")
            contacts = []
            for row in rows:
                if None in row or None in row.values():
                    raise Usage(f"{path}:{rows.line_num}: not as many columns as the first line names")
                contacts.append({"number": row.pop("number"), "fields": row})
            return contacts
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Usage(f"{path}: {error}") from None


def _show(arguments: argparse.Namespace, answer: dict[str, Any]) -> None:
    if arguments.json:
        print_json(answer)
    else:
        print_fields(answer)


def _path(arguments: argparse.Namespace) -> str:
    return f"/v1/accounts/{quote(arguments.account, safe='')}"
