"""`carrier-router segment`: what a text becomes on the air, cut by the daemon's own code."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from router.cli.offline import answer
from router.engine.preview import TextQuery, preview_segments
from router.message import EncodingWish
from router.operator import TextRules
from router.routing.plan import RoutePlan
from router.routing.route import RouteQuery
from router.settings import Limits
from router.text.languages import Language
from router.text.segment import segment
from router.text.view import SegmentationView, view


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "segment",
        help="show how a text is encoded and cut",
        description="Show the encoding of TEXT, what forced it, and the parts it is cut into. Needs no running daemon.",
    )
    parser.add_argument("text", metavar="TEXT")
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="for --operator, --to and the configured limit"
    )
    parser.add_argument("--operator", metavar="NAME", help="cut as this operator takes it; default: plain GSM 7-bit")
    parser.add_argument("--to", metavar="NUMBER", help="also show who would carry it there, and at what cost")
    parser.add_argument(
        "--encoding",
        type=EncodingWish,
        choices=list(EncodingWish),
        default=EncodingWish.AUTO,
        metavar="auto|gsm7|ucs2",
    )
    parser.add_argument(
        "--transliterate", action="store_true", help="as for an account with `transliterate: true` in accounts.yaml"
    )
    parser.add_argument("--json", action="store_true", help="print what POST /v1/segment answers")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    for option in ("operator", "to"):
        if getattr(arguments, option) is not None and arguments.config is None:
            print(f"error: --{option} needs -c FILE", file=sys.stderr)
            return 2
    return answer(lambda: _segmentation(arguments), _show, as_json=arguments.json)


def _segmentation(arguments: argparse.Namespace) -> SegmentationView:
    if arguments.config is None:
        limit = Limits().message_parts
        return view(segment(arguments.text, arguments.encoding, TextRules(), limit, arguments.transliterate))
    from adapters.config_yaml import load

    plan = RoutePlan(load(arguments.config, os.environ), 1)
    query = TextQuery(
        text=arguments.text,
        wish=arguments.encoding,
        transliterate=arguments.transliterate,
        operator=arguments.operator,
        route=None if arguments.to is None else RouteQuery(arguments.to, time.time_ns() // 1_000_000),
    )
    return preview_segments(plan, None, query, lambda operator: None)


def _show(found: SegmentationView) -> None:
    console = Console(highlight=False)
    why = f" ({found.reason})" if found.reason else ""
    messages = "1 short message" if found.segments == 1 else f"{found.segments} short messages"
    tables = f", {_tables(found.language)}" if found.language else ""
    console.print(
        Text(f"{found.encoding}{tables}{why}: {found.units} units in {messages} of up to {found.units_per_segment}")
    )
    if found.cost:
        console.print(f"{found.operator}: {found.cost}")
    table = Table("part", "units", "text")
    for number, part in enumerate(found.parts, 1):
        table.add_row(str(number), str(part.units), Text(part.text))
    console.print(table)


def _tables(language: Language) -> str:
    if not language.locking:
        return f"{language.name} single shift"
    return f"{language.name} {'locking and single' if language.single else 'locking'} shift"
