"""What the HTTP API asks of the daemon."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from router.account import Account
from router.engine.audit import Audit
from router.engine.control import Control
from router.engine.directory import Directory
from router.engine.feed import Feed
from router.engine.intake import Intake
from router.engine.messages import Messages
from router.engine.opt_outs import OptOuts
from router.engine.oversight import Oversight
from router.engine.preview import Preview
from router.engine.wallets import Wallets
from router.ports.operators import TakesCallbacks
from router.ports.watching import Metrics, Reading, WebhookView


@dataclass(frozen=True, slots=True)
class Services:
    """What the calls are wired to.

    `replay` sends an account's webhook what waits for it, or all since an event; it gives where that begins and how
    many events follow. `ready` says why the daemon cannot take work, None while it can; `account_of` and `is_admin`
    know tokens, `admin_key` is the SHA-256 of the admin token in force; `callbacks_of` gives who takes what an operator
    sends; `reading` is every number of the metrics.
    """

    intake: Intake
    messages: Messages
    oversight: Oversight
    feed: Feed
    preview: Preview
    control: Control
    audit: Audit
    replay: Callable[[str, int | None], tuple[int, int]]
    webhook_of: Callable[[str], WebhookView | None]
    opt_outs: OptOuts
    wallets: Wallets
    directory: Directory
    metrics: Metrics
    ready: Callable[[], str | None]
    account_of: Callable[[str], Account | None]
    accounts: Callable[[], Iterable[Account]]
    account_named: Callable[[str], Account | None]
    is_admin: Callable[[str], bool]
    admin_key: Callable[[], bytes | None]
    callbacks_of: Callable[[str], TakesCallbacks | None]
    metrics_text: Callable[[], bytes]
    reading: Callable[[], Reading]
