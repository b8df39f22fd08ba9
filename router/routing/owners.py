"""Whose a message from a handset is."""

from collections.abc import Iterable

from router.account import Account

_REMEMBERED = 1_000


class Owners:
    """The `inbound` entries of all accounts, in file order."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._rules = [
            (rule.to.lstrip("+"), rule.keyword.casefold() if rule.keyword is not None else None, account)
            for account in accounts
            for rule in account.inbound
        ]
        self._candidates: dict[str, list[tuple[str | None, Account]]] = {}

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
