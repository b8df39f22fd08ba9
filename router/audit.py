"""What was done to the daemon and to accounts' messages by hand, for the record."""

from msgspec import Struct


class AuditEntry(Struct, frozen=True, gc=False):
    """One control action.

    `who` is `admin`, `signal` (of the operating system) or `account:NAME`, never a token. `action` says what in
    words such as `operator.pause`, `subject` to whom: an operator, a message's id, an account; None where it is all.
    `outcome` is `done` or the code of the refusal. `at` in ms; `seq` is the store's, 0 before it has it.
    """

    at: int
    who: str
    action: str
    subject: str | None
    outcome: str
    seq: int = 0
