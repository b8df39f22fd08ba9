"""What a message from a handset costs: CPU from the PDU to the event on disk. No sockets.

    python -m tests.bench.mo [--messages 20000] [--batch 100]

Prints microseconds for one short message, and for one piece of a long one, pieces coming in no order.
"""

import argparse
import asyncio
import json
import random
import tempfile
from pathlib import Path
from time import process_time

from adapters.smpp.constants import DELIVER_SM, ESM_UDHI
from adapters.smpp.inbound import read_inbound
from adapters.smpp.pdu import ShortMessage
from router.account import Account, InboundRule
from router.text import udh
from tests.engine.rig import Rig, operator, settings

TEXT = b"STOP sending me this, I have said so before and shall not say it again. Thank you."
MTN = operator("mtn")


def pdu(number: int, content: bytes, esm_class: int = 0) -> ShortMessage:
    return ShortMessage(
        DELIVER_SM,
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr=f"2376{number:08}",
        destination_addr="8080",
        esm_class=esm_class,
        short_message=content,
    )


def long_ones(count: int, total: int) -> list[ShortMessage]:
    """`count` pieces of messages of `total`, mixed among a hundred handsets' at a time."""
    pieces = []
    for start in range(0, count // total, 100):
        group = [
            pdu(handset, udh.concat8(start % 256, total, number) + TEXT, ESM_UDHI)
            for handset in range(start, min(start + 100, count // total))
            for number in range(1, total + 1)
        ]
        random.Random(start).shuffle(group)
        pieces += group
    return pieces


async def cost(pdus: list[ShortMessage], batch: int, events: int) -> float:
    """Microseconds of CPU for each."""
    account = Account(name="acme", token=None, currency="XAF", inbound=(InboundRule("8080"),))
    with tempfile.TemporaryDirectory() as folder:
        async with Rig(settings(MTN, accounts=(account,)), Path(folder)) as rig:
            began = process_time()
            for start in range(0, len(pdus), batch):
                for one in pdus[start : start + batch]:
                    rig.engine.inbound("mtn", read_inbound(one, MTN, rig.clock.ms), None)
                await rig.engine.ledger.committed()
            while rig.engine.feed.last_seq("acme") < events:
                await asyncio.sleep(0.001)
            return (process_time() - began) / len(pdus) * 1e6


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=100)
    options = parser.parse_args()
    count = options.messages // 6 * 6
    figures = {"short": await cost([pdu(number, TEXT) for number in range(count)], options.batch, count)}
    for total in (2, 3):
        figures[f"piece_of_{total}"] = await cost(long_ones(count, total), options.batch, count // total)
    print(json.dumps({f"{name}_us": round(figure, 1) for name, figure in figures.items()}))


if __name__ == "__main__":
    asyncio.run(main())
