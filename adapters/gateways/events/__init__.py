"""What the public APIs do with the events of their accounts: keep what handsets wrote, and tell the accounts' webhooks."""

from adapters.gateways.events.follower import Followers

__all__ = ["Followers"]
