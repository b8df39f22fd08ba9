"""What the administrator does with the accounts' wallets."""

from datetime import UTC, datetime
from functools import partial

from msgspec import UNSET
from msgspec.json import Decoder, Encoder

from adapters.http.idempotency import REPLAYED, digest_of, idempotency_key
from adapters.http.schema.answers import EntryView, WalletView
from adapters.http.schema.requests import CreditRequest, WalletQuery
from adapters.web.incoming import Incoming, decode
from adapters.web.reply import Reply
from router.engine.wallets import Balance, Wallets
from router.money import Money, from_nano
from router.ports.store import Remembered
from router.refusal import Refusal

_encode = Encoder().encode
_request = Decoder(CreditRequest)

_OURS = "\0credit "
"""Before the administrator's keys, so that none is one of the account's."""


class WalletCalls:
    """`max_body` is in octets."""

    def __init__(self, wallets: Wallets, max_body: int) -> None:
        self._wallets = wallets
        self._max_body = max_body

    async def credit(self, incoming: Incoming) -> Reply:
        """POST /v1/accounts/{name}/credit"""
        body = await incoming.body(self._max_body)
        wanted = decode(_request, body)
        key = idempotency_key(incoming)
        digest = digest_of(key, incoming, body)
        answer = None if key is None else partial(_remembered, _OURS + key, digest)
        told = await self._wallets.credit(incoming.params["name"], wanted.amount, answer=answer)
        if not isinstance(told, Remembered):
            return Reply(200, _encode(told))
        if told.digest != digest:
            detail = "this Idempotency-Key was used for another request; take a new key for a new request"
            raise Refusal("idempotency_mismatch", detail)
        return Reply(told.status, told.body, REPLAYED)

    async def wallet(self, incoming: Incoming) -> Reply:
        """GET /v1/accounts/{name}/wallet"""
        wanted = incoming.query(WalletQuery)
        before = None if wanted.before is UNSET else wanted.before
        name = incoming.params["name"]
        # One more than the page says whether there is another.
        entries = await self._wallets.entries(name, before, wanted.limit + 1)
        told = self._wallets.told(name)
        currency = told.balance.currency
        shown = [
            EntryView(
                entry.no,
                datetime.fromtimestamp(entry.at / 1000, UTC),
                entry.kind,
                Money(from_nano(entry.amount), currency),
                entry.reference,
                entry.detail,
            )
            for entry in entries[: wanted.limit]
        ]
        more = shown[-1].no if len(entries) > wanted.limit else None
        return Reply(200, _encode(WalletView(name, told.balance, shown, more)))


def _remembered(key: str, digest: bytes, told: Balance, now: int) -> Remembered:
    return Remembered(told.account, key, digest, 200, _encode(told), now)
