"""A client of Texify for the tests."""

from typing import Any

from adapters.config_yaml.gateways import SCOPES
from router.account import TexifyKey
from tests.gateways.rig import GatewayRig, body_of

KEY = "txf_4c1d9e7a"
OTHER = "txf_of_another"


def texify(*keys: TexifyKey, **settings: Any) -> dict[str, Any]:
    """The gateways of an account with these keys, or one that opens everything."""
    return {"texify": {"keys": keys or (TexifyKey(KEY, SCOPES),), **settings}}


def number(last: int) -> str:
    return f"+2376700{last:05d}"


class Client:
    """Calls with a key. Answers are checked for their status, and for the form that all errors have (TX-5)."""

    def __init__(self, rig: GatewayRig, key: str | None = KEY) -> None:
        self.rig = rig
        self.key = key

    async def call(self, method: str, path: str, status: int = 200, headers: Any = None, **sent: Any) -> Any:
        given = dict(headers or {})
        if self.key is not None:
            given.setdefault("X-API-Key", self.key)
        async with self.rig.client.request(method, f"/api/v1{path}", headers=given, **sent) as response:
            self.headers = response.headers
            body = await body_of(response, status)
        if status == 200:
            assert body["status"] == "success"
        else:
            assert body["status"] == "error"
            assert set(body) <= {"status", "message", "code", "errors"}
        return body

    async def post(self, path: str, body: Any = None, status: int = 200, **more: Any) -> Any:
        return await self.call("POST", path, status, json=body, **more)

    async def get(self, path: str, **query: Any) -> Any:
        return await self.call("GET", path, params=query)

    async def refused(self, method: str, path: str, status: int, code: str, body: Any = None, **more: Any) -> Any:
        answer = await self.call(method, path, status, json=body, **more)
        assert answer["code"] == code, answer
        return answer

    async def send(self, *recipients: str, message: str | None = "Hello", **fields: Any) -> Any:
        """The `data` of a send."""
        body = {"recipients": recipients, "senderId": "ACME", **fields}
        if message is not None:
            body["message"] = message
        return (await self.post("/messages/send", body))["data"]

    async def group(self, name: str = "Friends") -> str:
        id: str = (await self.post("/groups", {"name": name}))["data"]["_id"]
        return id

    async def contact(self, last: int, **fields: Any) -> str:
        body = {"phoneNumber": number(last), **fields}
        id: str = (await self.post("/contacts", body))["data"]["_id"]
        return id

    async def template(self, message: str, **fields: Any) -> str:
        body = {"name": "Greeting", "message": message, **fields}
        id: str = (await self.post("/templates", body))["data"]["_id"]
        return id
