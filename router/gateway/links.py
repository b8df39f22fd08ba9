"""Short links in texts: addresses at services that hide where a link leads."""

import re
from typing import Final

_SHORTENERS: Final = (
    "adf.ly", "bit.do", "bit.ly", "bl.ink", "bitly.com", "buff.ly", "clck.ru", "cutt.ly", "cutt.us", "db.tt", "dlvr.it",
    "fb.me", "g.co", "goo.gl", "goo.su", "gg.gg", "is.gd", "j.mp", "kutt.it", "linktr.ee", "lnkd.in", "mcaf.ee",
    "n9.cl", "ow.ly", "qr.ae", "qrco.de", "rb.gy", "rebrand.ly", "s.id", "short.gy", "short.io", "shorte.st",
    "shorturl.at", "shrtco.de", "smarturl.it", "snip.ly", "soo.gd", "t.co", "t.ly", "t2m.io", "tiny.cc", "tiny.one",
    "tinyurl.com", "tr.im", "u.to", "urlz.fr", "v.gd", "vk.cc", "wp.me", "x.co", "yourls.org", "zpr.io",
)  # fmt: skip

_LINK = re.compile(
    rf"(?<![\w.@-])(?<!\w/)(?:www\.)?(?:{'|'.join(map(re.escape, _SHORTENERS))})(?::\d+)?/[\w?#]",
    re.ASCII | re.IGNORECASE,
)


def has_short_link(text: str) -> bool:
    """Whether a text has a link of a well-known shortener, with http:// or without."""
    return _LINK.search(text) is not None
