"""What the links of several protocols have in common."""

from typing import Any

from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import Parser, record
from adapters.config_yaml.values import file, flag
from router.operator import Tls


def pauses(parse: Parser[Any]) -> Parser[Any]:
    """Growing pauses cannot begin above their largest."""

    def parse_pauses(value: Value) -> Any:
        pauses = parse(value)
        if pauses.initial > pauses.max:
            value.fail(f"initial ({pauses.initial:g}s) is longer than max ({pauses.max:g}s)")
        return pauses

    return parse_pauses


def link_tls(value: Value) -> Tls | None:
    if value.is_scalar:
        return Tls() if flag(value) else None
    tls = record(Tls, {}, {"ca": file, "verify": flag, "certificate": file, "key": file})(value)
    if (tls.certificate is None) != (tls.key is None):
        value.fail("certificate and key go together")
    return tls
