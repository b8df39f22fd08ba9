"""What the public APIs ask of the daemon."""

from collections.abc import Callable
from dataclasses import dataclass

from adapters.gateways.domain.campaigns import Campaigns
from router.book import Book
from router.engine.directory import Directory
from router.engine.intake import Intake
from router.engine.messages import Messages
from router.engine.running import Running
from router.engine.wallets import Wallets
from router.message import Message
from router.ports.clock import Clock
from router.ports.watching import Metrics


@dataclass(frozen=True, slots=True)
class Services:
    """`current` gives a message that was read from the store as it stands now, where memory knows it better."""

    intake: Intake
    messages: Messages
    running: Running
    book: Book
    clock: Clock
    wallets: Wallets
    directory: Directory
    campaigns: Campaigns
    metrics: Metrics
    current: Callable[[Message], Message]
