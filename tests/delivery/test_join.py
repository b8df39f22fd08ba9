"""Which pieces make one message: by hand, and against a slower rule on random arrivals."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from router.delivery.join import assemble
from router.inbound import Inbound, Piece, Place


def piece(number: int, content: str = "", at: int = 100, total: int = 3, arrival: int = 0) -> Piece:
    inbound = Inbound(
        "mtn", "+237", "8080", at, (content or str(number)).encode(), "gsm7", None, Place(7, total, number)
    )
    return Piece(f"{arrival}", inbound)


def outline(pieces: Sequence[Piece], given_up: int = -1) -> tuple[list[str], int]:
    """The contents of each message that is over, and how many pieces were repeated."""
    assembly = assemble(pieces, given_up)
    texts = [b"|".join([one.inbound.content for one in message]).decode() for message in assembly.messages]
    return texts, len(assembly.repeated)


def test_in_any_order() -> None:
    assert outline([piece(3), piece(1), piece(2)]) == (["1|2|3"], 0)


def test_nothing_is_over_before_the_last_piece() -> None:
    assert outline([piece(3), piece(1)]) == ([], 0)
    assert outline([]) == ([], 0)


def test_the_same_piece_twice_is_one() -> None:
    assert outline([piece(1), piece(1), piece(3), piece(1), piece(2)]) == (["1|2|3"], 2)


def test_equal_contents_in_two_places_are_two_pieces() -> None:
    assert outline([piece(1, "x"), piece(2, "x"), piece(3, "x")]) == (["x|x|x"], 0)


def test_after_completion_the_reference_starts_anew() -> None:
    assert outline([piece(1), piece(2), piece(3), piece(1), piece(3), piece(2)]) == (["1|2|3", "1|2|3"], 0)
    assert outline([piece(1), piece(2), piece(3), piece(1)]) == (["1|2|3"], 0)


def test_other_content_in_the_same_place_is_another_message() -> None:
    assert outline([piece(1), piece(2), piece(1, "a"), piece(2, "b"), piece(3, "c")]) == (["1|2", "a|b|c"], 0)


def test_what_has_waited_too_long_is_over_as_it_is() -> None:
    assert outline([piece(3, at=50), piece(1, at=60)], given_up=49) == ([], 0)
    assert outline([piece(3, at=50), piece(1, at=60)], given_up=50) == (["1|3"], 0)
    assert outline([piece(3, at=70), piece(1, at=50)], given_up=50) == (["1|3"], 0)


def test_only_what_has_waited_too_long() -> None:
    came = [piece(1, at=50), piece(2, at=50), piece(3, at=50), piece(1, at=60)]
    assert outline(came, given_up=50) == (["1|2|3"], 0)


@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from("ab"), st.integers(0, 99)), max_size=40), st.integers(-1, 99)
)
def test_each_piece_goes_one_way(arrivals: list[tuple[int, str, int]], given_up: int) -> None:
    came = [piece(number, text, at, 4, place) for place, (number, text, at) in enumerate(arrivals)]
    messages, repeated = assemble(came, given_up)
    over = [one for message in messages for one in message] + repeated
    assert len({one.id for one in over}) == len(over)
    for message in messages:
        numbers = [one.inbound.place.number for one in message]
        assert numbers == sorted(set(numbers))
    left = [one for one in came if one not in over]
    assert len({one.inbound.place.number for one in left}) == len(left) < 4
    assert all(one.inbound.received_at > given_up for one in left)
    # What is left and what comes later amount to what all of it amounts to, but for what had waited too long.
    if given_up == -1:
        more = [piece(number, "c", 100, 4, 1000 + number) for number in (2, 1, 4, 3)]
        assert assemble([*came, *more], -1).messages == messages + assemble([*left, *more], -1).messages
