"""Receipts for nobody take bounded memory."""

from router.engine.parked import Parked
from router.receipt import Receipt, ReceiptState


def receipt(number: int) -> Receipt:
    return Receipt("mtn", (str(number),), ReceiptState.DELIVERED, f"2376{number}", number)


def test_the_oldest_leave_first() -> None:
    parked = Parked(10)
    for number in range(1000):
        parked.add(receipt(number), [str(number), f"x{number}"])
    assert [number for number in range(1000) if receipt(number) in parked] == list(range(990, 1000))
    assert not parked.under("mtn", "5")
    assert parked.under("mtn", "x995") == parked.about("mtn", "2376995") == [receipt(995)]
    assert len(parked._under) == 20
    assert len(parked._about) == 10
