"""The console in a real browser, by its keyboard, under traffic: numbers, a pause, a message's life, a dead daemon."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser import Browser, chromium
from tests.processes import ADMIN
from tests.scenarios.world import World, until

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(chromium() is None, reason="no chromium on PATH: the console was not tried in a browser"),
]

DARK = "matchMedia('(prefers-color-scheme: dark)').matches"


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with Browser(tmp_path / "profile") as browser:
        yield browser


async def traffic(world: World) -> None:
    while True:
        await world.send(20)
        await asyncio.sleep(0.1)


async def log_in(browser: Browser, token: str) -> None:
    await browser.tab_to("input[type=password]")
    await browser.run("document.activeElement.select()")
    await browser.write(token)
    await browser.enter()


async def test_a_shift_with_the_console(world: World, browser: Browser) -> None:
    await world.operator("mtn", proxied=True)
    await world.operator("orange")
    world.configure(account='    prices: [{prefix: "", price: "0.05"}]\n')
    await world.start()
    await world.bound("mtn")
    await world.bound("orange")
    (id,) = await world.send(1, reference="order 7", text="Votre code est prêt. 😀")
    await world.delivered([id])
    number = (await world.message(id))["to"]
    url = f"http://127.0.0.1:{world.http}/"
    sending = asyncio.create_task(traffic(world))
    try:
        await browser.look()
        await browser.open(url)
        await browser.sees("Admin token")
        await log_in(browser, "not the token")
        await browser.sees("Not logged in: this is not the admin token.")
        await log_in(browser, ADMIN)

        # Throughput, from the same numbers as /metrics.
        await browser.sees("2 of 2", ".figures")

        async def accepted_a_second() -> bool:
            found = re.search(r"accepted\n([\d.,]+) /s", await browser.text(".figures"))
            return found is not None and float(found[1].replace(",", "")) > 0

        await until(accepted_a_second)
        assert await browser.run("document.querySelectorAll('.chart canvas').length") == 4
        assert await browser.run("document.cookie") == ""
        assert await browser.run("localStorage.length + sessionStorage.length") == 0

        # A pause, by the keyboard alone: first thought better of, then confirmed.
        await browser.tab_to("a[href='#operators']")
        await browser.enter()
        await browser.sees("bound trx")
        await browser.tab_to("button[aria-label='Pause orange']")
        await browser.enter()
        await browser.sees("Pause orange?", "dialog")
        await browser.enter()  # the focus is on what changes nothing
        await until(lambda: browser.run("!document.querySelector('dialog').open"))
        assert (await world.operators())["orange"]["state"] == "up"
        await browser.tab_to("button[aria-label='Pause orange']")
        await browser.enter()
        await browser.sees("Pause orange?", "dialog[open]")
        await browser.tab_to("#confirm")
        await browser.enter()
        await browser.sees("paused", "table")
        assert (await world.operators())["orange"]["state"] == "paused"
        await browser.run("document.querySelector('button[aria-label=\"Resume orange\"]').click()")
        await browser.tab_to("#confirm")
        await browser.enter()
        await until(lambda: _state_is(world, "orange", "up"))

        # A question that stands where another was a moment ago is not answered by that one's end.
        await browser.run(
            "for (const word of ['Pause', 'Drain']) {"
            " document.querySelector(`button[aria-label='${word} orange']`).click();"
            " if (word === 'Pause') document.querySelector('dialog').close('no'); }"
        )
        await browser.sees("Drain orange?", "dialog[open]")
        await browser.tab_to("#confirm")
        await browser.enter()
        await until(lambda: _state_is(world, "orange", "draining", "drained"))
        await browser.run("document.querySelector('button[aria-label=\"Resume orange\"]').click()")
        await browser.tab_to("#confirm")
        await browser.enter()
        await until(lambda: _state_is(world, "orange", "up"))

        # One operator is cut, and comes back.
        await world.proxies["mtn"].stop()
        await browser.run("location.hash = 'overview'")
        await browser.sees("mtn is ", "main")
        await browser.sees("1 of 2", ".figures")
        await world.proxies["mtn"].start(world.ports["mtn"])
        await browser.sees("2 of 2", ".figures")

        # A message: by its number, then its life.
        await browser.run("location.hash = 'messages'")
        await browser.sees("Older messages")
        await browser.tab_to("input[name=what]")
        await browser.write(number)
        await browser.enter()
        await browser.sees("order 7", "table")
        assert await browser.run("document.querySelectorAll('tbody tr').length") == 1
        await browser.tab_to("tbody a")
        await browser.enter()
        await browser.sees("Votre code est prêt. 😀", ".text")
        told = await browser.text(".moments")
        for words in ("accepted", "goes by mtn at", "Given to mtn", "message.submitted", "delivered, err 000"):
            assert words in told, told
        await browser.sees("in base currency")

        await browser.run("location.hash = 'previews'")
        await until(lambda: browser.run("document.querySelector('select[name=account]').value === 'acme'"))
        await browser.tab_to("input[name=to]")
        await browser.write("+12")
        await browser.enter()
        await browser.sees("invalid_number")
        await browser.run("document.querySelector('input[name=to]').select()")
        await browser.write(number)
        await browser.enter()
        await browser.sees("in base currency")
        await browser.tab_to("textarea")
        await browser.write("a" * 161)
        await browser.click("form:has(textarea) button")
        await browser.sees("161, at most 153 in a segment")

        await browser.run("location.hash = 'plan'")
        await browser.sees("Version 1 runs")
        await browser.run("location.hash = 'audit'")
        await browser.sees("operator.resume")

        # On a phone, in the dark: nothing is wider than the window.
        await browser.look(dark=True, width=390, height=844)
        for page in ("overview", "queues", "operators", "messages", "previews", "plan", "audit"):
            await browser.run(f"location.hash = '{page}'")
            await until(lambda: browser.run("document.querySelector('main h1') !== null"))
            assert await browser.run("document.documentElement.scrollWidth") <= 390, page
        assert await browser.run(DARK)
        await browser.look()

        # The daemon is gone, comes back, and knows nobody any more.
        await browser.run("location.hash = 'overview'")
        await browser.sees("live", "#pulse")
        sending.cancel()
        await world.kill()
        await browser.sees("The daemon has not answered since", "#alarm")
        await browser.sees("no answer", "#pulse")
        await world.start()
        await browser.sees("Admin token")
        await log_in(browser, ADMIN)
        await browser.sees("live", "#pulse")
        await browser.click("#logout")
        await browser.sees("Admin token")
        await log_in(browser, ADMIN)
        await browser.sees("live", "#pulse")
        # An open console keeps nobody from stopping it.
        assert await world.stop() == 0
        await browser.sees("The daemon has not answered since", "#alarm")
    finally:
        sending.cancel()
    assert browser.complaints == []
    assert [one for one in browser.requests if not one.startswith((url, "about:"))] == []
    assert not [one for one in browser.requests if ADMIN in one]


async def _state_is(world: World, name: str, *states: str) -> bool:
    return (await world.operators())[name]["state"] in states
