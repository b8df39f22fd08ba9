"""Tokens: known by their digest alone, compared so that the time it takes tells nothing."""

import hashlib
import hmac
from dataclasses import replace

import pytest

from router.account import Account, Token
from router.engine.running import Running
from router.routing.plan import RoutePlan
from router.settings import HttpSettings
from tests.engine.rig import operator, settings


def token(word: str) -> Token:
    return Token(hashlib.sha256(word.encode()).digest())


@pytest.fixture
def running() -> Running:
    accounts = tuple(Account(name=name, token=token(f"token-of-{name}"), currency="XAF") for name in ("one", "two"))
    config = settings(operator("mtn"), accounts=accounts)
    return Running(RoutePlan(replace(config, http=HttpSettings(admin_token=token("the-admin's"))), 1))


def test_the_admin_is_compared_by_digests_in_constant_time(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def comparing(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", comparing)
    given = ["the-admin's", "the-admin'", "the-admin's ", "", "The-admin's", "token-of-one", "x" * 5000]
    assert [running.is_admin(word) for word in given] == [True] + [False] * 6
    assert compared == [(token(word).sha256, token("the-admin's").sha256) for word in given]


def test_an_account_is_looked_up_by_a_digest_which_nobody_can_choose(running: Running) -> None:
    """Where a look-up takes longer or shorter tells something about digests at most, and those lead nowhere."""
    found = {
        word: running.account_of(word) for word in ("token-of-one", "token-of-two", "token-of-", "", "the-admin's")
    }
    assert {word: account and account.name for word, account in found.items()} == {
        "token-of-one": "one",
        "token-of-two": "two",
        "token-of-": None,
        "": None,
        "the-admin's": None,
    }


def test_no_token_is_kept_as_it_was_given(running: Running) -> None:
    assert "token-of-one" not in repr(running.plan.settings)
    for account in running.plan.accounts.values():
        assert account.token is not None
        assert len(account.token.sha256) == 32
        assert str(account.token.sha256) not in repr(account)
