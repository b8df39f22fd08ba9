"""What the SMPP side costs per message: submit, its answer, the receipt, its acknowledgement. No sockets.

python -m tests.bench.smpp_side [messages]
"""

import asyncio
import sys
from collections.abc import Sequence
from time import process_time
from typing import Any

from adapters.smpp import constants as c
from adapters.smpp.codec import Decoder, encode
from adapters.smpp.gateway import SmppGateway
from adapters.smpp.message_pdu import SubmitForm
from adapters.smpp.pdu import BindResp, MessageResp
from router.ports.operators import Submission
from tests.smpp.peer import Log, WallClock, receipt_pdu
from tests.smpp.values import operator, submission

BATCH = 100


class Transport:
    def __init__(self) -> None:
        self.written = bytearray()

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def is_reading(self) -> bool:
        return True


class Sink:
    def __init__(self) -> None:
        self.answered: list[Submission] = []
        self.tokens: list[Any] = []

    def settled(self, results: Sequence[tuple[Submission, Any]]) -> None:
        self.answered += [submission for submission, _ in results]

    def received(self, operator: str, receipts: Sequence[tuple[Any, Any]]) -> None:
        self.tokens += [token for _, token in receipts]

    def link_changed(self, operator: str) -> None:
        pass


async def main(count: int) -> None:
    sink = Sink()
    given = operator(link_changes={"window": BATCH})
    gateway = SmppGateway(given, sink, WallClock(), Log())  # type: ignore[arg-type]
    bind = gateway._binds[0]
    connection = bind._connect()
    transport = Transport()
    connection.connection_made(transport)  # type: ignore[arg-type]
    connection.data_received(encode(BindResp(c.BIND_TRANSCEIVER_RESP), 1))
    await asyncio.sleep(0)
    spent = {"submit": 0.0, "answer": 0.0, "receipt": 0.0, "acknowledge": 0.0}
    ids = 0
    for _ in range(count // BATCH):
        batch = [submission(f"+23767{number:07}", b"hello, a message of some length") for number in range(BATCH)]
        transport.written.clear()
        start = process_time()
        for one in batch:
            one.slot = gateway.reserve()
            gateway.submit(one)
        await asyncio.sleep(0)
        spent["submit"] += process_time() - start
        answers = bytearray()
        receipts = bytearray()
        for sequence, _ in Decoder().feed(bytes(transport.written)):
            ids += 1
            answers += encode(MessageResp(c.SUBMIT_SM_RESP, 0, f"{ids:010}"), sequence)
            receipts += encode(receipt_pdu(f"{ids:010}"), ids)
        start = process_time()
        connection.data_received(bytes(answers))
        for one in sink.answered:
            gateway.release(one.slot)
        spent["answer"] += process_time() - start
        start = process_time()
        connection.data_received(bytes(receipts))
        spent["receipt"] += process_time() - start
        start = process_time()
        gateway.acknowledge(sink.tokens, True)
        await asyncio.sleep(0)
        spent["acknowledge"] += process_time() - start
        assert len(sink.answered) == len(sink.tokens) == BATCH
        sink.answered.clear()
        sink.tokens.clear()
    form = SubmitForm(given)
    one = submission()
    start = process_time()
    for _ in range(count):
        encode(form.fill(one, 0), 1)
    spent["(fill and encode alone)"] = process_time() - start
    for what, seconds in spent.items():
        print(f"{what:24} {seconds / count * 1e6:6.2f} us")
    print(f"{'all':24} {sum(list(spent.values())[:4]) / count * 1e6:6.2f} us a message")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
