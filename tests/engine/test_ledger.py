"""One instance of a message in memory, for as long as anybody works with it."""

from typing import Any, cast

from router.engine.ledger import Ledger
from router.message import Message
from router.ports.store import Recovery


def ledger() -> Ledger:
    return Ledger(cast(Any, None), Recovery(7, 0, {}, 0, [], None, [], [], {}), 10)


def message(reference: str = "") -> Message:
    return Message(id="m", account="acme", to="+237670000001", created_at=0, reference=reference)


def test_a_message_is_found_until_nobody_holds_it() -> None:
    book, one = ledger(), message()
    book.enrol([one])
    assert book.find("m") is one
    assert book.resident(message("read again")) is one
    assert book.current(message("read again")) is one
    del one
    assert book.find("m") is None
    assert not book._held


def test_what_is_read_from_the_store_is_held_from_then_on() -> None:
    book, read = ledger(), message("read")
    assert book.current(read) is read
    assert book.find("m") is None, "it was only looked at"
    assert book.resident(read) is read
    assert book.find("m") is read


def test_the_end_of_one_instance_does_not_take_another_along() -> None:
    book, one, other = ledger(), message("one"), message("other")
    book.enrol([one])
    book.enrol([other])
    del one
    assert book.find("m") is other


def test_numbers_follow_one_another() -> None:
    book, first, second = ledger(), [message(), message()], [message()]
    book.number(first)
    book.number([])
    book.number(second)
    assert [one.no for one in first + second] == [8, 9, 10]
