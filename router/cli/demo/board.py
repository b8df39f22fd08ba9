"""What the demo has seen so far, from answers and events alone, and how it looks."""

from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Any

from msgspec import Struct, field
from rich.table import Table

from router.message import FINAL, State

_NOWHERE = "(none yet)"
_SHOWN = (State.QUEUED, State.SUBMITTED, *(state for state in State if state in FINAL))


class Row(Struct):
    """A message as last heard of."""

    operator: str | None
    state: str
    segments: int
    cost: tuple[Decimal, str] | None
    possible_duplicate: bool
    account: str | None = None
    done_at: str | None = None


class Board(Struct):
    """`answered` and `event` take what the daemon said; everything else reads it."""

    planned: int
    refused: Counter[str] = field(default_factory=Counter)
    accepted: dict[str, str] = field(default_factory=dict)  # when each was created
    rows: dict[str, Row] = field(default_factory=dict)

    def answered(self, result: dict[str, Any]) -> None:
        """A message from an answer, or `{"error": ...}` for one that was refused."""
        if "error" in result and "id" not in result:
            self.refused[result["error"]["code"]] += 1
            return
        self.accepted[result["id"]] = result["created_at"]
        self.rows.setdefault(result["id"], _row(result))

    def event(self, event: dict[str, Any]) -> None:
        """One event; it may come before the answer to its submit."""
        row = self.rows[event["message_id"]] = _row(event)
        row.account, row.done_at = event["account"], event["done_at"]

    @property
    def answers(self) -> int:
        return len(self.accepted) + self.refused.total()

    @property
    def final(self) -> int:
        return sum(1 for id in self.accepted if self.rows[id].state in FINAL)

    @property
    def done(self) -> bool:
        return self.answers == self.planned and self.final == len(self.accepted)

    def final_of(self, account: str) -> set[str]:
        """The messages whose final event this account has had."""
        return {id for id, row in self.rows.items() if row.account == account and row.state in FINAL}

    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.rows.values())

    def table(self) -> Table:
        """Operators down, states across."""
        states = [state for state in _SHOWN if self.states()[state]]
        title = f"{self.final} of {len(self.accepted)} accepted messages in their final state"
        table = Table(title=title, min_width=len(title))
        table.add_column("operator")
        for state in states:
            table.add_column(state.value, justify="right")
        for name in ("parts", "cost"):
            table.add_column(name, justify="right")
        for operator, rows in sorted(self._by_operator().items()):
            count = Counter(row.state for row in rows)
            cells = [str(count[state] or "") for state in states]
            table.add_row(operator, *cells, str(sum(row.segments for row in rows)), _money(rows))
        return table

    def line(self, seconds: float) -> str:
        """The same in one line."""
        states = self.states()
        told = ", ".join(f"{states[state]} {state}" for state in _SHOWN if states[state])
        return f"{seconds:5.1f} s  {len(self.accepted)} accepted, {self.refused.total()} refused; {told}"

    def summary(self, seconds: float) -> dict[str, Any]:
        took = sorted(
            (datetime.fromisoformat(row.done_at) - datetime.fromisoformat(self.accepted[id])).total_seconds()
            for id, row in self.rows.items()
            if row.state == State.DELIVERED and row.done_at and id in self.accepted
        )
        return {
            "sent": self.planned,
            "accepted": len(self.accepted),
            "refused": dict(self.refused),
            "states": {state.value: self.states()[state] for state in _SHOWN if self.states()[state]},
            "operators": {
                operator: {
                    "messages": len(rows),
                    "delivered": sum(row.state == State.DELIVERED for row in rows),
                    "parts": sum(row.segments for row in rows),
                    "cost": _money(rows),
                }
                for operator, rows in sorted(self._by_operator().items())
            },
            "cost": _money(list(self.rows.values())),
            "median_seconds_to_delivered": round(median(took), 2) if took else None,
            "possible_duplicates": sum(row.possible_duplicate for row in self.rows.values()),
            "seconds": round(seconds, 1),
            "complete": self.done,
        }

    def _by_operator(self) -> dict[str, list[Row]]:
        grouped = defaultdict(list)
        for row in self.rows.values():
            grouped[row.operator or _NOWHERE].append(row)
        return grouped


def _row(told: dict[str, Any]) -> Row:
    cost = told["cost"]
    return Row(
        operator=told["operator"],
        state=told["state"],
        segments=told["segments"],
        possible_duplicate=told["possible_duplicate"],
        cost=(Decimal(cost["amount"]), cost["currency"]) if cost else None,
    )


def _money(rows: list[Row]) -> str:
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.cost is not None:
            totals[row.cost[1]] += row.cost[0]
    return ", ".join(f"{amount:f} {currency}" for currency, amount in sorted(totals.items())) or "-"
