"""What the public APIs do with their accounts' events: keep what handsets wrote, and tell webhooks of it all."""

from adapters.gateways.events.follower import Followers

__all__ = ["Followers"]
