"""When not to ask a provider that does not answer. Pure: times are monotonic seconds."""

_FAILURES = 5
_PAUSE = 10.0


class Breaker:
    """Opens after some failures in a row; after a pause one question is let through, and its result decides."""

    def __init__(self) -> None:
        self._failures = 0
        self._opened: float | None = None
        self._probing = False

    @property
    def open(self) -> bool:
        return self._opened is not None

    def refuses(self, now: float) -> bool:
        """Whether a question would not be let through now."""
        return self._opened is not None and (self._probing or now < self._opened + _PAUSE)

    def admit(self, now: float) -> bool:
        """Let a question through; then `succeeded` or `failed` must follow."""
        if self.refuses(now):
            return False
        self._probing = self._opened is not None
        return True

    def succeeded(self) -> bool:
        """True when that closed it."""
        was_open = self.open
        self._failures, self._opened, self._probing = 0, None, False
        return was_open

    def failed(self, now: float) -> bool:
        """True when that opened it."""
        if self._opened is not None:
            # The probe's failure; one that was asked before the opening says nothing new.
            if self._probing:
                self._opened, self._probing = now, False
            return False
        self._failures += 1
        if self._failures < _FAILURES:
            return False
        self._opened = now
        return True
