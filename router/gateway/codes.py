"""One-time codes: how they are hashed, and what becomes of them. Times are ms."""

from collections.abc import Callable
from hmac import compare_digest
from hmac import digest as keyed

from msgspec.structs import replace

from router.gateway.records import Code, Try
from router.refusal import Refusal


def digest_of(key: bytes, no: int, code: str) -> bytes:
    """What is kept of the code with number `no`: HMAC-SHA-256 (RFC 2104), another one for each number."""
    return keyed(key, f"{no}:{code}".encode(), "sha256")


def state_of(code: Code, now: int) -> str:
    """pending, verified, failed, cancelled, replaced or expired."""
    return "expired" if code.state == "pending" and code.expires <= now else code.state


def check(code: Code, now: int) -> None:
    """Raises Refusal where a code cannot be tried any more: `code_failed` after too many wrong tries, else
    `code_not_active`."""
    state = state_of(code, now)
    if state == "failed":
        raise Refusal("code_failed", "wrong codes were given too many times")
    if state != "pending":
        raise Refusal("code_not_active", f"the code is {state}")


def tried(code: Code, given: str, key: bytes, now: int) -> Code:
    """The code after somebody gave `given` for it. Raises as `check`."""
    check(code, now)
    right = compare_digest(digest_of(key, code.no, given), code.digest)
    tries = [*code.tries, Try(now, given, right)]
    if right:
        return replace(code, tries=tries, state="verified")
    return replace(code, tries=tries, state="failed" if len(tries) >= code.attempts else "pending")


def cancelled(code: Code, now: int) -> Code:
    """The code when it is called off. A failed one is not active either. Raises Refusal `code_not_active`."""
    if state_of(code, now) != "pending":
        raise Refusal("code_not_active", f"the code is {state_of(code, now)}")
    return replace(code, state="cancelled")


Change = Callable[[Code], Code]
"""Makes of a code what it is from now on; raises Refusal where it stays."""
