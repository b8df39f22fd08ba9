"""A real browser without a window, spoken to by the Chrome DevTools Protocol: one page, its keyboard, its errors."""

import asyncio
import base64
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import ClientSession, ClientTimeout, ClientWebSocketResponse, WSMsgType

from tests.scenarios.world import until

_FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-port=0",
)  # fmt: skip
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium() -> str | None:
    """Where the browser is, None where there is none."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


class Browser:
    """Ends with the block. `requests` are the addresses it asked for, `complaints` what its console said of errors and
    of what the page's policy forbids."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._process: asyncio.subprocess.Process
        self._session: ClientSession
        self._socket: ClientWebSocketResponse
        self._reading: asyncio.Task[None]

    async def __aenter__(self) -> "Browser":
        path = chromium()
        assert path is not None
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        self._process = await asyncio.create_subprocess_exec(
            path, *_FLAGS, *root, f"--user-data-dir={self._folder}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        told = self._folder / "DevToolsActivePort"
        await until(lambda: told.exists() and told.read_text().count("\n"), 60)
        port = told.read_text().split("\n")[0]
        self._session = ClientSession(timeout=ClientTimeout(60))
        async with self._session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            target = next(one for one in await answer.json(content_type=None) if one["type"] == "page")
        self._socket = await self._session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0)
        self._reading = asyncio.create_task(self._read())
        for domain in ("Page", "Runtime", "Network", "Log"):
            await self.command(f"{domain}.enable")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await asyncio.wait_for(self.command("Browser.close"), 10)
        except (TimeoutError, ConnectionError):
            self._process.kill()
        self._reading.cancel()
        await self._socket.close()
        await self._session.close()
        await self._process.wait()

    async def open(self, url: str) -> None:
        await self.command("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = await self.command("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def text(self, selector: str = "body") -> str:
        """What can be read there, "" where there is nothing."""
        return str(await self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    async def sees(self, words: str, selector: str = "body", within: float = 30.0) -> None:
        """Wait until these words can be read there."""

        async def there() -> bool:
            return words in await self.text(selector)

        await until(there, within, lambda: f"no {words!r} in {selector}")

    async def press(self, key: str, code: int, text: str = "") -> None:
        for kind in ("keyDown", "keyUp"):
            await self.command("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                               **({"text": text} if text and kind == "keyDown" else {}))  # fmt: skip

    async def enter(self) -> None:
        await self.press("Enter", 13, "\r")

    async def tab_to(self, selector: str) -> None:
        """By the Tab key alone."""
        for _ in range(80):
            if await self.run(f"document.activeElement?.matches({json.dumps(selector)}) ?? false"):
                return
            await self.press("Tab", 9)
        raise AssertionError(f"the keyboard does not come to {selector}")

    async def write(self, text: str) -> None:
        """Into what has the focus."""
        await self.command("Input.insertText", text=text)

    async def click(self, selector: str) -> None:
        await until(lambda: self.run(f"document.querySelector({json.dumps(selector)}) !== null"))
        await self.run(f"document.querySelector({json.dumps(selector)}).click()")

    async def look(self, dark: bool = False, width: int = 1280, height: int = 900) -> None:
        """A window of that size, in light or dark."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.command("Emulation.setEmulatedMedia", features=[scheme])
        await self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    async def shoot(self, path: Path, whole: bool = True) -> None:
        """A picture of the page."""
        answer = await self.command("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = len(self._answers) + 1
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        told = await asyncio.wait_for(answer, 60)
        assert "error" not in told, (method, told)
        result: dict[str, Any] = told["result"]
        return result

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            told = frame.json()
            if "id" in told:
                if not self._answers[told["id"]].done():
                    self._answers[told["id"]].set_result(told)
            else:
                self._note(told["method"], told["params"])

    def _note(self, method: str, told: Mapping[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told["exceptionDetails"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error" and told["entry"]["source"] != "network":
            self.complaints.append(told["entry"]["text"])
