"""Where a text is longer than a public API takes it."""

from hypothesis import given
from hypothesis import strategies as st

from router.text import gsm7
from router.text.counting import too_long


@given(
    text=st.text(st.sampled_from("abc €[]{}~é中😀"), max_size=14),
    longest=st.tuples(st.integers(0, 24), st.integers(0, 24)),
)
def test_it_is_counted_as_it_goes_on_the_air(text: str, longest: tuple[int, int]) -> None:
    if gsm7.missing(text):
        limit, length = longest[1], sum(2 if ord(character) > 0xFFFF else 1 for character in text)
    else:
        limit, length = longest[0], sum(2 if character in "€[]{}~" else 1 for character in text)
    assert too_long(text, longest) == (limit if length > limit else None)
