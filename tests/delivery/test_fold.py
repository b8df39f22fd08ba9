"""A message's state from its parts'."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.delivery.fold import message_state
from router.message import FINAL, State
from tests.delivery.values import in_states

QUEUED, SUBMITTED, DELIVERED, UNDELIVERED = State.QUEUED, State.SUBMITTED, State.DELIVERED, State.UNDELIVERED
EXPIRED, REJECTED, FAILED = State.EXPIRED, State.REJECTED, State.FAILED
CANCELLED, UNKNOWN = State.CANCELLED, State.UNKNOWN

BAD = frozenset({REJECTED, FAILED, UNDELIVERED, EXPIRED, CANCELLED})
OF_PARTS = [state for state in State if state is not State.SCHEDULED]


@pytest.mark.parametrize("state", OF_PARTS)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_parts_that_agree_give_their_state(state: State, count: int) -> None:
    assert message_state(in_states(*[state] * count)) is state


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ((DELIVERED, SUBMITTED), SUBMITTED),
        ((DELIVERED, QUEUED), QUEUED),
        ((SUBMITTED, QUEUED), QUEUED),
        ((UNKNOWN, QUEUED), QUEUED),
        ((UNKNOWN, SUBMITTED), SUBMITTED),
        ((UNKNOWN, DELIVERED), UNKNOWN),
        ((UNKNOWN, SUBMITTED, QUEUED, DELIVERED), QUEUED),
        ((DELIVERED, DELIVERED, UNDELIVERED), UNDELIVERED),
        ((DELIVERED, QUEUED, EXPIRED), EXPIRED),
        ((UNKNOWN, UNDELIVERED), UNDELIVERED),
        ((SUBMITTED, SUBMITTED, REJECTED), REJECTED),
        ((EXPIRED, UNDELIVERED), UNDELIVERED),
        ((UNDELIVERED, FAILED), FAILED),
        ((FAILED, REJECTED), REJECTED),
        ((CANCELLED, EXPIRED), EXPIRED),
        ((CANCELLED, QUEUED), CANCELLED),
    ],
)
def test_parts_that_differ(parts: tuple[State, ...], state: State) -> None:
    for order in permutations(parts):
        assert message_state(in_states(*order)) is state


@given(st.lists(st.sampled_from(OF_PARTS), min_size=1, max_size=10), st.randoms())
def test_a_final_bad_part_decides_and_order_does_not_matter(states: list[State], random: object) -> None:
    folded = message_state(in_states(*states))
    shuffled = list(states)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert message_state(in_states(*shuffled)) is folded
    if BAD & set(states):
        assert folded in BAD & set(states)
    elif {QUEUED, SUBMITTED} & set(states):
        assert folded not in FINAL
    else:
        assert folded is (UNKNOWN if UNKNOWN in states else DELIVERED)


@given(st.lists(st.sampled_from(OF_PARTS), min_size=1, max_size=6), st.sampled_from(OF_PARTS))
def test_one_more_part_never_makes_a_message_better(states: list[State], more: State) -> None:
    if (before := message_state(in_states(*states))) in BAD:
        after = message_state(in_states(*states, more))
        order = [REJECTED, FAILED, UNDELIVERED, EXPIRED, CANCELLED]
        assert order.index(after) <= order.index(before)
