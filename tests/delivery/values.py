"""Messages, operators and receipts with nothing in them but what a test is about."""

from typing import Any

from router.message import Attempt, Message, Part, State
from router.operator import Operator
from router.outcome import OutcomeKind
from router.receipt import Receipt, ReceiptState

NOW = 1_767_225_600_000
TO = "+237670000001"


def operator(name: str = "mtn", **fields: Any) -> Operator:
    return Operator(name=name, channel="sms", protocol="smpp", link=None, currency="XAF", **fields)


def tried(
    outcome: OutcomeKind | None = None, smsc_message_id: str | None = None, at: int = NOW, operator: str = "mtn"
) -> Attempt:
    return Attempt(operator, at, outcome=outcome, smsc_message_id=smsc_message_id)


def message(*parts: Part, **fields: Any) -> Message:
    return Message(**{"id": "m", "account": "acme", "to": TO, "created_at": NOW, "parts": list(parts), **fields})


def in_states(*states: State) -> list[Part]:
    return [Part(number, state) for number, state in enumerate(states, 1)]


def receipt(state: ReceiptState = ReceiptState.DELIVERED, *ids: str, to: str = TO, **fields: Any) -> Receipt:
    return Receipt("mtn", ids, state, to.lstrip("+"), fields.pop("received_at", NOW + 1000), **fields)
