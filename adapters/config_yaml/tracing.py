"""The part of router.yaml that says where traces go."""

from importlib.util import find_spec

from adapters.config_yaml import words
from adapters.config_yaml.headers import headers
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import record
from adapters.config_yaml.values import number, word
from router.settings import Tracing

_SECRET = ("${", "@", "?", "#")  # where a reference, a user, a query or a fragment stands


def tracing(value: Value) -> Tracing:
    settings = _tracing(value)
    if not _installed():
        value.fail("needs an extra: pip install 'carrier-router[otel]'")
    return settings


def _installed() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def _endpoint(value: Value) -> str:
    # A collector that fails puts it into the log, whole or in pieces: nothing in it may be secret.
    if any(mark in value.scalar("text") for mark in _SECRET):
        value.fail("must be scheme, host, port and path, written out; what is secret goes into tracing.headers")
    return word(words.url)(value)


_tracing = record(Tracing, {"endpoint": _endpoint}, {"sample": number(0, 1), "headers": headers})
