"""How much an account may still submit, as header fields (draft-ietf-httpapi-ratelimit-headers, version 10)."""

from math import ceil, floor

from router.engine.limits import Quota


def quota_headers(quota: Quota | None) -> bytes:
    """RateLimit-Policy and RateLimit as header lines; nothing where there is no limit.

    `q` is the most that may be sent at once, `w` the seconds in which it comes back; `r` is what is left of it, `t` the
    seconds until none of it is missing. Structured fields know whole numbers only, so `r` is rounded down and the
    seconds up.
    """
    if quota is None:
        return b""
    return b'RateLimit-Policy: "messages";q=%d;w=%d\r\nRateLimit: "messages";r=%d;t=%d\r\n' % (
        floor(quota.most),
        ceil(quota.window),
        max(0, floor(quota.left)),
        ceil(quota.full_in),
    )
