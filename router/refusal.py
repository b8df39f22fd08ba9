"""What is said when something is not accepted: a stable code and a sentence that says what to do."""


class Refusal(Exception):
    """The request is refused and nothing of it was kept.

    `code` is one of the stable codes of the API, `detail` a sentence for a person, `field` the name of the
    offending request field where there is one, `retry_after` seconds where trying again later makes sense.
    """

    def __init__(self, code: str, detail: str, field: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field
        self.retry_after = retry_after
