"""Whose a message from a handset is."""

from collections.abc import Iterable

from router.account import Account

_REMEMBERED = 1_000


class Owners:
    """The `inbound` entries of all accounts, in file order."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        accounts = tuple(accounts)
        self._rules = [
            (rule.to.lstrip("+"), rule.keyword.casefold() if rule.keyword is not None else None, account)
            for account in accounts
            for rule in account.inbound
        ]
        # A pattern may claim a whole country: it does not make every number there ours.
        self._numbers = frozenset(to for to, _, _ in self._rules if not to.endswith("*")) | {
            own.number[1:] for account in accounts for own in account.numbers if own.active
        }
        self._candidates: dict[str, list[tuple[str | None, Account]]] = {}

    def is_ours(self, e164: str) -> bool:
        """Whether this is a number of some account: its own, or one that stands in full in an `inbound` entry."""
        return e164[1:] in self._numbers

    def find(self, to: str, text: str | None) -> Account | None:
        """The account of the first entry for this number whose keyword, if it has one, is the text's first word."""
        candidates = self._candidates.get(to)
        if candidates is None:
            candidates = self._for_number(to.lstrip("+"))
            if len(self._candidates) < _REMEMBERED:
                self._candidates[to] = candidates
        words = text.split(maxsplit=1) if text else []
        first = words[0].casefold() if words else None
        for keyword, account in candidates:
            if keyword is None or keyword == first:
                return account
        return None

    def _for_number(self, to: str) -> list[tuple[str | None, Account]]:
        return [
            (keyword, account)
            for wanted, keyword, account in self._rules
            if to == wanted or (wanted.endswith("*") and to.startswith(wanted[:-1]))
        ]
