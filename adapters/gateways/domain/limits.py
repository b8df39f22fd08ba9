"""How many requests a credential, or an address, may make."""

from collections import OrderedDict

from router.account import RateLimit
from router.engine.limits import Meter, Quota
from router.ports.clock import Clock
from router.refusal import Refusal

_MOST = 10_000
"""Buckets that are remembered; the one that was used longest ago is forgotten for another."""


class Limits:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._meters: OrderedDict[str, Meter] = OrderedDict()

    def take(self, bucket: str, rate: RateLimit | None) -> None:
        """Count one request. Raises Refusal `rate_limited` with the seconds to wait."""
        if rate is None:
            return
        try:
            self._meter(bucket, rate).take(1, self._clock.monotonic())
        except Refusal as refusal:
            detail = f"at most {rate.count:g} requests in {rate.seconds:g} s; slow down"
            raise Refusal("rate_limited", detail, retry_after=refusal.retry_after) from None

    def quota(self, bucket: str, rate: RateLimit) -> Quota:
        """What is left at this moment."""
        return self._meter(bucket, rate).quota(self._clock.monotonic())

    def _meter(self, bucket: str, rate: RateLimit) -> Meter:
        meter = self._meters.get(bucket)
        if meter is None or meter.limit != rate:
            meter = self._meters[bucket] = Meter(rate)
            if len(self._meters) > _MOST:
                self._meters.popitem(last=False)
        self._meters.move_to_end(bucket)
        return meter
