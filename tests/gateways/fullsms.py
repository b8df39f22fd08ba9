"""A client of FullSMS for the tests."""

from typing import Any

from tests.gateways.rig import GatewayRig, body_of

TOKEN = "20|f3bXVhbGx5IHJhbmRvbSBidXQgbm90IHJlYWxseQ"
OTHER = "21|of-another-account"


def fullsms(token: str = TOKEN, **settings: Any) -> dict[str, Any]:
    """The gateways of an account with this token."""
    return {"fullsms": {"token": token, **settings}}


def number(last: int) -> str:
    """As FullSMS writes it."""
    return f"2376700{last:05d}"


def invalid(errors: dict[str, str], code: bool = False) -> dict[str, Any]:
    """FS-5."""
    body = {
        "message": "422 Unprocessable Content",
        "errors": {name: [text] for name, text in errors.items()},
        "status_code": 422,
    }
    return body | {"code": 422} if code else body


class Client:
    """Calls with a token; answers are checked for their status, and errors for saying it too."""

    def __init__(self, rig: GatewayRig, token: str | None = TOKEN) -> None:
        self.rig = rig
        self.token = token
        self.headers: Any = {}

    async def call(self, method: str, path: str, status: int = 200, **sent: Any) -> Any:
        headers = dict(sent.pop("headers", None) or {})
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        async with self.rig.client.request(method, path, headers=headers, **sent) as response:
            self.headers = response.headers
            body = await body_of(response, status)
        if status != 200:
            assert body["status_code"] == status
        return body

    async def get(self, path: str, status: int = 200, **query: Any) -> Any:
        return await self.call("GET", path, status, params=query)

    async def post(self, path: str, body: Any, status: int = 200) -> Any:
        return await self.call("POST", path, status, json=body)

    async def to_numbers(self, *numbers: Any, status: int = 200, **fields: Any) -> Any:
        body = {"to_numbers": numbers, "from": "ACME", "message": "Hello", **fields}
        return await self.post("/messages/send/to_numbers", body, status)

    async def to_lists(self, *ids: Any, status: int = 200, **fields: Any) -> Any:
        body = {"to_list_ids": ids, "from": "ACME", "message": "Hello", **fields}
        return await self.post("/messages/send/to_lists", body, status)

    async def make_code(self, to: Any = None, status: int = 200, **fields: Any) -> Any:
        body = {"to_number": to or number(1), "from": "ACME", **fields}
        return await self.post("/otp/create", body, status)
