"""The part of router.yaml that says where traces go."""

from importlib.util import find_spec

from adapters.config_yaml import words
from adapters.config_yaml.headers import headers
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import record
from adapters.config_yaml.values import number, secret_text
from router.settings import Tracing


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
    written = secret_text(value)
    try:
        words.url(written)
    except ValueError as error:
        value.fail(str(error))
    return written


_tracing = record(Tracing, {"endpoint": _endpoint}, {"sample": number(0, 1), "headers": headers})
