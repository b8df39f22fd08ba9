"""What is wrong in the configuration, in words for the person who edits it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class ConfigError:
    """One thing to put right. `file` is relative to the working directory where it lies below it; `line` is from 1."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class ConfigErrors(Exception):
    """All that is wrong in all the files, in the order of file and line."""

    def __init__(self, errors: list[ConfigError]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


class Refused(Exception):
    """The value at hand is wrong, and why is already reported."""
