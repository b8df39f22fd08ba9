"""A small ESME for tests: every wait has a condition and a deadline."""

import asyncio

from adapters.smpp import constants as c
from adapters.smpp.codec import Decoder, Frame, encode
from adapters.smpp.pdu import Bind, BindResp, DataSm, MessageResp, Pdu, ShortMessage, Simple
from tests.turns import until

DEADLINE = 5.0


class Esme:
    """`acknowledge` is the status with which deliver_sm and data_sm are answered, None for not at all. `octets` are
    the last that came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.acknowledge: int | None = 0
        self.closed = False
        self.frames: list[Frame] = []
        self.octets = b""
        self._writer = writer
        self._sequence = 0
        self._task = asyncio.create_task(self._read(reader))

    @classmethod
    async def connect(cls, port: int, tls=None) -> "Esme":
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        decoder = Decoder()
        try:
            while data := await reader.read(65536):
                self.octets = data
                for sequence, pdu in decoder.feed(data):
                    self.frames.append((sequence, pdu))
                    if isinstance(pdu, ShortMessage | DataSm) and self.acknowledge is not None:
                        response = c.DATA_SM_RESP if isinstance(pdu, DataSm) else c.DELIVER_SM_RESP
                        self.send(MessageResp(response, self.acknowledge), sequence)
        except ConnectionError:
            pass
        self.closed = True

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def send(self, pdu: Pdu, sequence: int | None = None) -> int:
        if sequence is None:
            self._sequence += 1
            sequence = self._sequence
        self._writer.write(encode(pdu, sequence))
        return sequence

    async def answer(self, sequence: int, command_id: int) -> Pdu:
        """The response to `sequence`."""

        def found() -> list[Pdu]:
            return [pdu for number, pdu in self.frames if number == sequence and pdu.command_id == command_id]

        await until(found)
        return found()[0]

    async def bind(self, system_id="acme", password="", command_id=c.BIND_TRANSCEIVER) -> BindResp:
        sequence = self.send(Bind(command_id, system_id, password))
        answer = await self.answer(sequence, command_id | c.RESPONSE)
        assert isinstance(answer, BindResp)
        return answer

    def submit(self, destination="237670000001", text=b"Hello", registered=c.RECEIPT_FINAL, **fields) -> int:
        pdu = ShortMessage(
            c.SUBMIT_SM,
            source_addr_ton=5,
            source_addr="ACME",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=destination,
            registered_delivery=registered,
            short_message=text,
            **fields,
        )
        return self.send(pdu)

    async def submitted(self, *args, **fields) -> MessageResp:
        answer = await self.answer(self.submit(*args, **fields), c.SUBMIT_SM_RESP)
        assert isinstance(answer, MessageResp)
        return answer

    async def alive(self) -> None:
        """Everything sent before was handled."""
        await self.answer(self.send(Simple(c.ENQUIRE_LINK)), c.ENQUIRE_LINK_RESP)

    @property
    def received(self) -> list[ShortMessage | DataSm]:
        """The deliver_sm and data_sm so far."""
        return [pdu for _, pdu in self.frames if isinstance(pdu, ShortMessage | DataSm)]

    async def receipts(self, count: int) -> list[ShortMessage | DataSm]:
        await until(lambda: len(self.received) >= count)
        return self.received

    async def close(self) -> None:
        self._writer.close()
        await self._task
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            pass
