"""The plan in force."""

import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache

from router.account import Account
from router.routing.plan import RoutePlan
from router.routing.terms import Ranker


class Running:
    """Holds the one plan that everything decides by; a reload replaces it whole."""

    def __init__(self, plan: RoutePlan) -> None:
        self.plan = plan
        self.ranker = Ranker(plan)

    def swap(self, plan: RoutePlan) -> None:
        self.plan = plan
        self.ranker = Ranker(plan)

    def account_of(self, token: str) -> Account | None:
        """The account whose token this is, whatever its status. Compared by hash, so time tells nothing."""
        return self.plan.account_of(_sha256(token))

    def accounts(self) -> Iterable[Account]:
        return self.plan.accounts.values()

    def account_named(self, name: str) -> Account | None:
        return self.plan.accounts.get(name)

    def admin_key(self) -> bytes | None:
        """The SHA-256 of the admin token in force, None where there is none."""
        admin = self.plan.settings.http.admin_token
        return None if admin is None else admin.sha256

    def is_admin(self, token: str) -> bool:
        admin = self.admin_key()
        return admin is not None and hmac.compare_digest(_sha256(token), admin)


@lru_cache(maxsize=1024)
def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
