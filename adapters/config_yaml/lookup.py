"""The part of router.yaml that says where the networks of numbers are looked up."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from adapters.config_yaml import words
from adapters.config_yaml.headers import headers
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import Parser, listing, record
from adapters.config_yaml.values import file, secret_text, text, whole, word
from router.settings import HlrLookup, LookupSettings, TableLookup

_LONGEST = 10.0  # seconds: what a client may be kept waiting
_KEY = re.compile(r"[^\s.]{1,64}")


def lookup(data: Path) -> Parser[LookupSettings]:
    """`data` is the folder for the file that is made of the table."""

    def table(**given: Any) -> TableLookup:
        return TableLookup(given["file"], data / f"{given['file'].name}.table")

    parse = record(
        LookupSettings,
        {},
        {
            "table": record(table, {"file": file}),
            "hlr": record(
                HlrLookup,
                {"url": _url, "mcc": _way},
                {
                    "mnc": _way,
                    "headers": headers,
                    "timeout": _timeout,
                    "cache": word(words.duration),
                    "negative": word(words.duration),
                    "in_flight": whole(1, 1000),
                    "countries": listing(word(words.country), least=1, distinct=True),
                },
            ),
        },
    )

    def parse_some(value: Value) -> LookupSettings:
        settings = parse(value)
        if settings == LookupSettings():
            value.fail("must have a table, an hlr or both")
        return settings

    return parse_some


def _url(value: Value) -> str:
    written = secret_text(value)
    try:
        words.url(written)
        behind = urlsplit(written).path + urlsplit(written).query
        if behind.count("{number}") != 1 or set(written.replace("{number}", "", 1)) & set("{}"):
            raise ValueError("must have {number} once, in its path or its query")
    except ValueError as error:
        value.fail(str(error))
    return written


def _way(value: Value) -> tuple[str, ...]:
    keys = text(value).split(".")
    if not all(_KEY.fullmatch(key) for key in keys):
        value.fail("must be the way to a value in the answer, such as result.mcc or results.0.mcc")
    return tuple(keys)


def _timeout(value: Value) -> float:
    seconds = word(words.duration)(value)
    if seconds > _LONGEST:
        value.fail(f"must be at most {_LONGEST:g}s: a message waits for it")
    return seconds
