"""Whom a message is for: a number in E.164 with its plus sign, or on channel email an address.

A normalised address always has an @ and a number never: that tells them apart wherever a recipient stands.
"""

import re

import idna

_LONGEST_LOCAL, _LONGEST_DOMAIN, _LONGEST = 64, 253, 254
"""Octets (RFC 5321 section 4.5.3.1): a path of 256 has angle brackets around the address."""

# A dot-string (RFC 5321 section 4.1.2), with the characters beyond ASCII that RFC 6531 adds.
_LOCAL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+)*"
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def is_email(to: str) -> bool:
    """Whether a normalised recipient is an address."""
    return "@" in to


def digits(to: str) -> str:
    """What prefixes are compared with: a number without its plus sign; of an address nothing."""
    return "" if "@" in to else to[1:]


def bare(to: str) -> str:
    """A recipient as receipts name it: a number without its plus sign, an address as it is."""
    return to if "@" in to else to[1:]


def full(bare: str) -> str:
    """The other way round."""
    return bare if "@" in bare else f"+{bare}"


def email_address(address: str) -> str:
    """An address with its domain as the DNS has it: in lower case, of another script in A-labels (IDNA 2008).

    The part before the @ is kept as written; quoted ones, address literals and hosts without a dot are not taken.
    Raises ValueError with what is wrong; the address is not repeated there.
    """
    local, at, domain = address.rpartition("@")
    if not at:
        raise ValueError("an address is name@domain")
    if not address.isprintable() or " " in address:
        raise ValueError("there are no spaces, line ends or control characters in an address")
    if not _LOCAL.fullmatch(local):
        raise ValueError("the part before the @ is made of letters, digits, single dots and !#$%&'*+/=?^_`{|}~-")
    if len(local.encode()) > _LONGEST_LOCAL:
        raise ValueError(f"the part before the @ has more than {_LONGEST_LOCAL} octets")
    normalised = f"{local}@{_domain(domain)}"
    if len(normalised.encode()) > _LONGEST:
        raise ValueError(f"the address has more than {_LONGEST} octets")
    return normalised


def _domain(domain: str) -> str:
    if len(domain) > _LONGEST_DOMAIN:
        raise ValueError(f"the domain has more than {_LONGEST_DOMAIN} octets")
    name = domain.lower()
    if not name.isascii() or "xn--" in name:
        try:
            name = idna.encode(domain, uts46=True, std3_rules=True).decode()
        except UnicodeError:
            raise ValueError("the domain is not a name that the DNS could have (IDNA 2008)") from None
    labels = name.split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise ValueError("the domain is labels of letters, digits and hyphens with dots between them")
    if len(name) > _LONGEST_DOMAIN:
        raise ValueError(f"the domain has more than {_LONGEST_DOMAIN} octets")
    return name
