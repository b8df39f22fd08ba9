"""POST and GET /callbacks/{operator}: handed over, answered, counted."""

import json

import pytest

from router.ports.operators import CallbackReply


class Taker:
    def __init__(self) -> None:
        self.calls = []
        self.reply = CallbackReply(200, ("receipt", "inbound"), b"OK")

    async def called(self, callback):
        self.calls.append(callback)
        return self.reply


@pytest.fixture
def taker(engine) -> Taker:
    engine.callbacks["carrier"] = taker = Taker()
    return taker


async def test_it_is_handed_over_as_it_came(api, taker) -> None:
    body = json.dumps({"id": "a"})
    answer = await api.call(
        "POST", "/callbacks/carrier/s3cret?to=%2B1&to=2", token=None, raw=body, headers={"X-Sig": "abc"}
    )
    assert (answer.status, await answer.text()) == (200, "OK")
    (call,) = taker.calls
    assert (call.method, call.secret, call.query, call.body) == ("POST", "s3cret", {"to": "+1"}, body.encode())
    assert call.headers["x-sig"] == "abc"
    assert (call.peer, call.target) == ("127.0.0.1", "/callbacks/carrier/s3cret?to=%2B1&to=2")
    assert api.engine.metrics.callbacks == [("carrier", "receipt"), ("carrier", "inbound")]


async def test_a_get_and_what_is_answered(api, taker) -> None:
    taker.reply = CallbackReply(403, ("forged",))
    answer = await api.call("GET", "/callbacks/carrier?id=1", token=None)
    assert (answer.status, await answer.text()) == (403, "")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content_type == "text/plain"
    assert api.engine.metrics.callbacks == [("carrier", "forged")]


@pytest.mark.parametrize("path", ["/callbacks/nobody", "/callbacks/", "/callbacks", "/callbacks/carrier/a/b"])
async def test_nobody_else_is_found(api, taker, path) -> None:
    answer = await api.call("POST", path, token=None, raw="{}")
    assert answer.status == 404
    assert api.engine.metrics.callbacks == []
    assert taker.calls == []


async def test_bodies_are_bounded(api, taker) -> None:
    answer = await api.call("POST", "/callbacks/carrier", token=None, raw="x" * 65537)
    assert answer.status == 413
    assert taker.calls == []


async def test_other_methods(api, taker) -> None:
    answer = await api.call("DELETE", "/callbacks/carrier", token=None)
    assert answer.status == 405
