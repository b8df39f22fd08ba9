"""Whose queue is full: the operator's or one number's."""

from hypothesis import given
from hypothesis import strategies as st

from router.delivery.recipients import Recipients

ME, YOU, THEM = "+237670000001", "+237670000002", "+237670000003"


def test_without_a_sign_of_life_it_is_the_operator() -> None:
    assert not Recipients().full(ME, 10.0, 11.0)


def test_others_accepted_meanwhile_make_it_the_number() -> None:
    recipients = Recipients()
    recipients.accepted([YOU], 10.5)
    assert recipients.full(ME, 10.0, 11.0)
    assert recipients.wait(ME, 11.0) == 1
    assert recipients.wait(YOU, 11.0) == 0
    assert recipients.wait(ME, 12.0) == 0


def test_others_accepted_before_it_was_written_say_nothing() -> None:
    recipients = Recipients()
    recipients.accepted([YOU], 9.0)
    assert not recipients.full(ME, 10.0, 11.0)
    # Unless it was a moment ago.
    recipients = Recipients()
    recipients.accepted([YOU], 9.999)
    assert recipients.full(ME, 10.0, 10.1)


def test_its_own_acceptance_says_nothing_and_hides_no_other() -> None:
    recipients = Recipients()
    recipients.accepted([ME], 10.5)
    assert not recipients.full(ME, 10.0, 11.0)
    recipients = Recipients()
    recipients.accepted([YOU], 10.4)
    recipients.accepted([ME], 10.5)
    recipients.accepted([ME], 10.6)
    assert recipients.full(ME, 10.0, 11.0)


def test_a_second_number_soon_after_makes_it_the_operator() -> None:
    recipients = Recipients()
    recipients.accepted([THEM], 10.5)
    assert recipients.full(ME, 10.0, 11.0)
    assert not recipients.full(YOU, 10.0, 11.1)
    recipients.accepted([THEM], 30.0)
    assert recipients.full(YOU, 29.0, 31.0)


def test_it_waits_longer_each_time_until_it_is_accepted() -> None:
    recipients, now, waits = Recipients(), 0.0, []
    for _ in range(11):
        recipients.accepted([YOU], now + 0.5)
        assert recipients.full(ME, now, now + 1)
        waits.append(recipients.wait(ME, now + 1))
        now += 1000
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    recipients.accepted([ME], now)
    assert not recipients
    recipients.accepted([YOU], now + 0.5)
    recipients.full(ME, now, now + 1)
    assert recipients.wait(ME, now + 1) == 1


@given(st.lists(st.tuples(st.lists(st.sampled_from([ME, YOU, THEM]), min_size=1), st.sampled_from([ME, YOU, THEM]))))
def test_many_accepted_together_are_as_one_after_another(read: list[tuple[list[str], str]]) -> None:
    together, singly, now = Recipients(), Recipients(), 100.0
    for accepted, refused in read:
        now += 7
        together.accepted(accepted, now)
        for to in accepted:
            singly.accepted([to], now)
        assert together.full(refused, now - 1, now) == singly.full(refused, now - 1, now)
        assert [together.wait(to, now) for to in (ME, YOU, THEM)] == [singly.wait(to, now) for to in (ME, YOU, THEM)]


def test_memory_is_bounded() -> None:
    recipients = Recipients()
    for number in range(30_000):
        recipients.accepted([YOU], number * 100.0)
        recipients.full(f"+{number}", number * 100.0, number * 100.0)
    assert len(recipients._held) == 10_000
