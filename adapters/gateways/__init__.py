"""The five public gateway APIs: thin faces over one shared domain, on one listening address."""

from adapters.gateways.server import gateways_server
from adapters.gateways.services import Services

__all__ = ["Services", "gateways_server"]
