"""A server on a real socket, a client, and a look at everything that was logged."""

import json
import logging
from dataclasses import dataclass

import aiohttp
import pytest

from adapters.http.app import ANSWERS, App
from adapters.web.server import HttpServer
from router.settings import HttpSettings
from tests.http.fakes import ADMIN_TOKEN, OTHER_TOKEN, SUSPENDED_TOKEN, TEXT, TOKEN, Engine

MAX_BODY = 64 * 1024


@dataclass
class Api:
    """What a test speaks to: `call` sends as the account, unless told otherwise; one after another on one
    connection."""

    engine: Engine
    app: App
    server: HttpServer
    port: int
    session: aiohttp.ClientSession

    async def call(self, method, path, body=None, token=TOKEN, headers=None, raw=None):
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token}")
        data = json.dumps(body).encode() if body is not None else raw
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, url, headers=sent, data=data) as answer:
            await answer.read()
            return answer

    def judged(self) -> int:
        """How many requests aiohttp has read."""
        return self.server._server.requests_count


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
async def api(engine, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    settings = HttpSettings(max_body=MAX_BODY, admin_token=object())
    app = App(engine.services(), settings)
    server = HttpServer(app, "127.0.0.1", 0, on_stop=app.stop, answers=ANSWERS, direct=app.direct)
    port = await server.start()
    async with aiohttp.ClientSession() as session:
        yield Api(engine, app, server, port, session)
    await server.stop(1.0)
    written = "".join(capfd.readouterr()) + caplog.text
    for secret in (TOKEN, OTHER_TOKEN, SUSPENDED_TOKEN, ADMIN_TOKEN, TEXT):
        assert secret not in written
