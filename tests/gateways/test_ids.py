"""Every number has one id in each API, and every id one number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.gateway.ids import HEX13, HEX24, LARGEST, UUID

FORMS = [HEX13, HEX24, UUID]


@pytest.mark.parametrize("form", FORMS)
@given(no=st.integers(1, LARGEST))
def test_there_and_back(form, no) -> None:
    assert form.read(form.write(no)) == no


@pytest.mark.parametrize("form", FORMS)
@given(text=st.one_of(st.text(max_size=40), st.text("0123456789abcdef-", max_size=40)))
def test_anything_is_read(form, text) -> None:
    no = form.read(text)
    assert no is None or form.write(no) == text.lower()


def test_how_they_look() -> None:
    for no in (1, 2, LARGEST):
        assert len(HEX13.write(no)) == 13
        assert len(HEX24.write(no)) == 24
        uuid = UUID.write(no)
        assert (len(uuid), uuid[14], uuid[19] in "89ab") == (36, "4", True)
    assert HEX24.read(HEX24.write(1).upper()) is None
