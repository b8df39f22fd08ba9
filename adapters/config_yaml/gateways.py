"""What an account has in the five public APIs: credentials and settings, checked and with their secrets resolved."""

from typing import Any

from adapters.config_yaml import words
from adapters.config_yaml.shapes import Parser, dictionary, listing, record
from adapters.config_yaml.values import flag, one_of, secret, secret_word, text, unique, whole, word
from router.account import TexifyKey

SCOPES = (
    "send_sms",
    "read_messages",
    "read_delivery",
    "manage_contacts",
    "read_contacts",
    "use_templates",
    "read_balance",
    "create_scheduled",
    "read_scheduled",
    "read_analytics",
)


def gateway_settings() -> Parser[dict[str, dict[str, Any]]]:
    """A parser for the accounts of one load: a credential opens one account only."""
    url = word(words.url)
    rate = word(words.rate)
    textdigo = dictionary(
        {"login": unique("login", secret), "key": secret},
        {
            "webhook_secret": secret_word(words.webhook_secret),
            "webhooks": dictionary({}, {"sms": url, "email": url, "whatsapp": url}),
            "rate": rate,
            "otp": dictionary({}, {"digits": whole(4, 8), "attempts": whole(1), "life": word(words.duration)}),
            "file": word(words.size),
        },
    )
    textiopro = dictionary(
        {"token": unique("token", secret)},
        {"profile": dictionary({}, {"first_name": text, "last_name": text, "email": text}), "rate": rate},
    )
    texify_key = record(
        TexifyKey,
        {"key": unique("key", secret), "scopes": listing(one_of(SCOPES), distinct=True)},
        {"expires": word(words.day)},
    )
    tier = dictionary({"id": text, "name": text, "credits": whole(1), "price": word(words.decimal)})
    texify = dictionary(
        {"keys": listing(texify_key, least=1)},
        {
            "low_balance": whole(0),
            "auto_top_up": dictionary({}, {"enabled": flag, "threshold": whole(0), "amount": whole(1)}),
            "tiers": listing(tier),
            "rate": rate,
        },
    )
    smsapi = dictionary({"username": unique("username", secret), "password": secret}, {"rate": rate})
    fullsms = dictionary(
        {"token": unique("token", secret)},
        {
            "minimum_balance": word(words.decimal),
            "short_links": flag,
            "otp": dictionary({}, {"active": whole(1), "life": word(words.duration)}),
            "rate": rate,
        },
    )
    return dictionary(
        {},
        {"textdigo": textdigo, "textiopro": textiopro, "texify": texify, "smsapi": smsapi, "fullsms": fullsms},
    )
