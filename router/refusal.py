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


class InvalidConfig(Refusal):
    """The configuration was refused whole; `errors` holds (file, line, reason) for everything that is wrong."""

    def __init__(self, errors: list[tuple[str, int, str]]) -> None:
        count = f"{len(errors)} error{'' if len(errors) == 1 else 's'}"
        super().__init__("invalid_config", f"{count} in the configuration; the running plan stays")
        self.errors = errors
