"""Whether a callback comes from the carrier: its network, its secret, its signature. Pure."""

import hmac
from base64 import b64decode
from binascii import Error as BadBase64
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from adapters.http_operator.documents import FORM, Unreadable, media_of, read_form
from router.http_calls import Callbacks, Signature, Signed
from router.ports.operators import Callback


class Forged(Exception):
    """It does not show that it comes from the carrier."""


def check_sender(callback: Callback, rules: Callbacks) -> None:
    """Its network and its secret. Raises Forged."""
    if rules.networks and not _is_within(callback.peer, rules.networks):
        raise Forged
    secret = rules.secret
    if secret is None:
        if callback.secret:
            raise Forged
        return
    if secret.place == "path":
        given = callback.secret
    elif secret.place == "query":
        given = callback.query.get(secret.name, "")
    else:
        given = callback.headers.get(secret.name.lower(), "")
    if (callback.secret and secret.place != "path") or not is_same(given, secret.value):
        raise Forged


def check_signature(callback: Callback, rules: Callbacks) -> None:
    """Raises Forged where it has not the signature that is wanted."""
    if rules.signature is not None and not _is_signed(callback, rules.signature, rules.public_url or ""):
        raise Forged


def is_same(given: str, secret: str) -> bool:
    """In a time that does not tell how much of it was right."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode())


def _is_within(peer: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def _is_signed(callback: Callback, rule: Signature, public_url: str) -> bool:
    kinds = {piece.kind for piece in rule.over}
    if not callback.body and "url" not in kinds:
        # It would say nothing of what was called, and hold for any other call.
        return False
    if callback.body and "body" not in kinds and media_of(callback.headers) != FORM:
        return False
    given = callback.headers.get(rule.header.lower(), "")
    if not given.startswith(rule.prefix):
        return False
    written = given[len(rule.prefix) :]
    try:
        signature = bytes.fromhex(written) if rule.encoding == "hex" else b64decode(written, validate=True)
    except (ValueError, BadBase64):
        return False
    try:
        over = b"".join([_signed(piece, callback, public_url) for piece in rule.over])
    except Unreadable:
        return False
    return hmac.compare_digest(signature, hmac.digest(rule.secret, over, rule.algorithm))


def _signed(piece: Signed, callback: Callback, public_url: str) -> bytes:
    match piece.kind:
        case "body":
            return callback.body
        case "url":
            written = public_url + callback.target
        case "header":
            written = callback.headers.get(piece.word.lower(), "")
        case "form":
            written = "".join([name + value for name, value in sorted(read_form(callback.body).items())])
        case "text":
            written = piece.word
    return written.encode("utf-8", "surrogateescape")
