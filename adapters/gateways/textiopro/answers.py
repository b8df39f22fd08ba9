"""How TextioPro's successes are written (TP-6)."""

from typing import Any

from msgspec.json import Encoder

from adapters.gateways.domain.answers import JSON
from adapters.gateways.textiopro.shapes import Answer
from adapters.web.reply import Reply

encode = Encoder().encode


def success(data: Any) -> Reply:
    return Reply(200, encode(Answer("success", data)), JSON)
