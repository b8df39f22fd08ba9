"""The link of an operator that takes email by SMTP."""

from dataclasses import replace
from typing import Any

from adapters.config_yaml import words
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import record
from adapters.config_yaml.values import flag, secret, secret_word, whole, word
from router.operator import SmtpLink


def smtp_link(value: Value) -> SmtpLink:
    """Credentials go over an open connection only where the file says so in so many words."""
    link = _smtp_link(value)
    if (link.username is None) != (link.password is None):
        value.fail("username and password go together")
    if link.username is not None and link.tls is None:
        value.fail("tls is missing: true or starttls, or false to send username and password in the clear")
    return replace(link, tls=link.tls or False)


def _tls(value: Value) -> Any:
    if value.is_boolean:
        return flag(value)
    if value.scalar("true, false or starttls") != "starttls":
        value.fail("must be true, false or starttls")
    return "starttls"


def _callback_secret(text: str) -> str:
    """A piece of a path. Errors do not show it."""
    if len(text) < 16 or not text.isascii() or not text.replace("-", "").replace("_", "").isalnum():
        raise ValueError("must be at least 16 letters, digits, hyphens and underscores")
    return text


def _link(**given: Any) -> SmtpLink:
    return SmtpLink(**{"tls": None, **given})


_smtp_link = record(
    _link,
    {"host": word(words.host), "port": whole(1, 65_535)},
    {"tls": _tls, "username": secret, "password": secret, "callback_secret": secret_word(_callback_secret)},
)
