"""The simulated mail server: spoken to by the standard library's client, and by one without manners."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage

import pytest
from aiohttp import web

from adapters.simulator.mail_server import MailServer, notification
from adapters.smtp.bounce import read_bounce
from router.operator import ReceiptRules
from router.receipt import ReceiptState


@pytest.fixture
async def server() -> AsyncIterator[tuple[MailServer, int]]:
    one = MailServer()
    port = await one.start()
    yield one, port
    await one.stop()


def mail(text: str = "Hello\n.\n..dots") -> EmailMessage:
    one = EmailMessage()
    one["From"], one["To"], one["Subject"] = "a@shop.example", "b@guest.example", "Hello"
    one.set_content(text)
    return one


def send(port: int, *options: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.ehlo()
        assert client.has_extn("dsn")
        client.send_message(mail(), mail_options=["ENVID=x+2By@shop"], rcpt_options=list(options))


async def test_it_takes_mails_and_tells_what_became_of_them(server: tuple[MailServer, int]) -> None:
    one, port = server
    posted: asyncio.Queue[bytes] = asyncio.Queue()
    answers = iter([503, 200, 200])

    async def take(request: web.Request) -> web.Response:
        posted.put_nowait(await request.read())
        return web.Response(status=next(answers))

    app = web.Application()
    app.router.add_post("/callbacks/mail", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        one.callback, one.delay = f"http://127.0.0.1:{runner.addresses[0][1]}/callbacks/mail", 0.01
        await asyncio.to_thread(send, port)
        await asyncio.to_thread(send, port, "NOTIFY=SUCCESS,FAILURE")
        async with asyncio.timeout(10):
            # Of the first one nobody wants to know; what was not taken comes again.
            first, second = await posted.get(), await posted.get()
        assert first == second == notification(one.mails[1])
    finally:
        await runner.cleanup()
    (receipt,) = read_bounce(first, "mail", 7, ReceiptRules())
    assert receipt.smsc_message_ids == ("x+y@shop",)
    assert (receipt.state, receipt.to) == (ReceiptState.DELIVERED, "b@guest.example")
    for taken in one.mails:
        assert (taken.sender, taken.to) == ("a@shop.example", "b@guest.example")
        assert b"Hello\r\n.\r\n..dots\r\n" in taken.content


@pytest.mark.parametrize(
    "said",
    [
        b"DATA\r\n",
        b"RCPT TO:<b@guest.example>\r\n",
        b"MAIL FROM:<a@shop.example>\r\nDATA\r\n",
        b"MAIL FROM:<a@shop.example>\r\nRSET\r\nRCPT TO:<b@guest.example>\r\n",
        b"\x00\xff\r\n",
        b"VRFY b\r\n",
    ],
)
async def test_out_of_turn_or_not_known(server: tuple[MailServer, int], said: bytes) -> None:
    one, port = server
    assert (await talk(port, said + b"QUIT\r\n")).splitlines()[-2:] == [b"503 not now, or not known", b"221 bye"]
    assert one.mails == []


@pytest.mark.parametrize(
    "said",
    [
        b"x" * 300_000,
        b"MAIL FROM:<a@shop.example>\r\nRCPT TO:<b@guest.example>\r\nDATA\r\nhalf of",
        b"MAIL FROM:<a@shop.example> ENVID=\xff\r\n",
        b"",
    ],
)
async def test_who_hangs_up_or_never_ends_a_line_is_let_go(server: tuple[MailServer, int], said: bytes) -> None:
    one, port = server
    await talk(port, said)
    assert one.mails == []
    await asyncio.to_thread(send, port)
    assert len(one.mails) == 1


async def talk(port: int, said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(10):
            writer.write(said)
            writer.write_eof()
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()
