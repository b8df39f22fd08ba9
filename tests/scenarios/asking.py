"""Questions that schemathesis makes of our OpenAPI document, the same ones each time."""

from collections import Counter
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.scenarios.world import ACCOUNT, ADMINISTRATOR

EXAMPLES = 8
"""Of each kind for each call: about ten seconds for all of them."""


def ask_everything(url: str) -> tuple[list[str], Counter[str]]:
    """What was wrong, and how often each call was asked."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    failures = []
    asked: Counter[str] = Counter()
    with requests.Session() as session:
        for found in schema.get_all_operations():
            operation = found.ok()
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if operation.path == "/v1/events/stream" and mode is GenerationMode.POSITIVE:
                    continue  # it would never end
                try:
                    ask(operation, mode, asked, session)
                except Unsatisfiable:
                    pass  # a call without anything that could be wrong
                except (Exception, BaseExceptionGroup) as error:
                    failures.append(f"{operation.method} {operation.path}: {error}")
    return failures, asked


def ask(operation: Any, mode: GenerationMode, asked: Counter[str], session: requests.Session) -> None:
    admin = operation.definition.raw.get("security") == [{"admin": []}]
    headers = ADMINISTRATOR if admin else ACCOUNT
    # No schema can say which numbers there are, and who may send where.
    left_out = [positive_data_acceptance]
    if operation.path == "/v1/batches":
        left_out.append(negative_data_rejection)  # its items are refused one by one

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            case.query.pop("wait", None)  # up to a minute
        asked[operation.label] += 1
        case.call_and_validate(headers=headers, timeout=10, session=session, excluded_checks=left_out)

    one()
