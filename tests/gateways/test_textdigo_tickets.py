"""Tickets with files (TD-46, TD-47): what comes as a form goes to the disk, or nothing of it."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import FormData

from tests.gateways.rig import GatewayRig
from tests.gateways.textdigo import Client, body_of, digo, problems

pytestmark = pytest.mark.end_to_end

LIMIT = 1024 * 1024
GOOD = {"email": "ann@shop.example", "issueCanalType": "EMAIL", "issueMessage": "It is broken"}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    async with GatewayRig(tmp_path, digo(settings={"file": LIMIT})) as rig:
        yield rig


def form(fields: dict[str, str], file: bytes | None = None, name: str = "a.png") -> FormData:
    data = FormData(fields, quote_fields=False, default_to_multipart=True)
    if file is not None:
        data.add_field("file", BytesIO(file), filename=name)
    return data


def files(rig: GatewayRig) -> list[Path]:
    folder = rig.engine_rig.path.with_name("router.db.files")
    return list(folder.iterdir()) if folder.exists() else []


async def test_with_a_file(rig: GatewayRig) -> None:
    """TD-46."""
    content = bytes(range(256)) * 4096
    assert len(content) == LIMIT
    made = await Client(rig).call("POST", "/issue", 201, data=form(GOOD, content, "../../etc/a.png"))
    assert made == {
        "id": made["id"],
        **GOOD,
        "file": {"name": "a.png", "size": LIMIT},
        "status": "OPEN",
        "createdAt": "2026-01-01T00:00:00.000Z",
    }
    (file,) = files(rig)
    assert file.read_bytes() == content
    assert file.stat().st_mode & 0o077 == 0
    (ticket,), total = await rig.book.tickets.page("acme", 0, 10)
    assert (ticket.text, ticket.email, ticket.channel, ticket.file, total) == (
        "It is broken", "ann@shop.example", "email", "a.png", 1,
    )  # fmt: skip


@pytest.mark.parametrize("data", [form(GOOD), form(GOOD, b"", "")])
async def test_without_a_file(rig: GatewayRig, data: FormData) -> None:
    """TD-46, TD-47: the file is optional, also where a browser sends an empty one."""
    made = await Client(rig).call("POST", "/issue", 201, data=data)
    assert (made["file"], files(rig)) == (None, [])


@pytest.mark.parametrize(
    ("fields", "code", "wrong"),
    [
        ({}, "VALIDATION_FAILED", {"email": "required", "issueCanalType": "required"}),
        (GOOD | {"issueCanalType": "sms"}, "VALIDATION_FAILED", {"issueCanalType": "enum"}),
        (GOOD | {"colour": "red"}, "VALIDATION_FAILED", {"colour": "unknown"}),
        (GOOD | {"issueMessage": "x" * 100_000}, "VALIDATION_FAILED", {"issueMessage": "too_long"}),
        (GOOD | {"email": "nobody"}, "PUBLIC_API_INVALID_EMAIL", {}),
    ],
)
async def test_forms_that_are_refused(
    rig: GatewayRig, fields: dict[str, str], code: str, wrong: dict[str, str]
) -> None:
    """TD-46: with a file that was already on the disk, which is gone again."""
    data = FormData(default_to_multipart=True)
    data.add_field("file", BytesIO(b"content"), filename="a.png")
    for name, value in fields.items():
        data.add_field(name, value)
    error = await Client(rig).call("POST", "/issue", 422, data=data)
    assert error["errorCode"] == code
    assert {one["field"]: one["code"] for one in error["details"]} == wrong
    assert files(rig) == []


async def chunks(count: int) -> AsyncIterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    for _ in range(count):
        yield bytes(LIMIT // 4)
    yield b"\r\n--b--\r\n"


@pytest.mark.parametrize("announced", [False, True])
async def test_a_file_that_is_too_large(rig: GatewayRig, announced: bool) -> None:
    """TD-46, TD-52: 413, also where nobody said before how large it is."""
    if announced:
        error = await Client(rig).call("POST", "/issue", 413, data=form(GOOD, bytes(4 * LIMIT)))
    else:
        head = {"Content-Type": "multipart/form-data; boundary=b"}
        error = await Client(rig).call("POST", "/issue", 413, data=chunks(6), headers=head)
    assert error["errorCode"] == "PUBLIC_API_FILE_TOO_LARGE"
    assert files(rig) == []


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", b'{"email":"a@b.example"}'),
        ("multipart/form-data", b"--b\r\n\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b"),
        ("multipart/form-data; boundary=b", b"nothing of the kind"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\nhalf'),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\n\xff\r\n--b--',
        ),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"x" * 300_000),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="email"\r\nContent-Transfer-Encoding: x\r\n\r\nx\r\n--b--',
        ),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n--b--"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 30 + b"--b--",
        ),
    ],
)
async def test_what_is_no_form(rig: GatewayRig, media: str, body: bytes) -> None:
    """TD-14: VALIDATION_FAILED, never an error of the server."""
    error = await Client(rig).call("POST", "/issue", 422, data=body, headers={"Content-Type": media})
    assert problems(error)
    assert files(rig) == []


async def test_a_stranger_sends_no_file(rig: GatewayRig) -> None:
    """TD-14: who asks is looked at before a body is read."""
    async with rig.client.post("/api/v0/issue", data=form(GOOD, b"x" * 1000)) as response:
        await body_of(response, 401)
    assert files(rig) == []


async def test_files_of_nobody_are_swept(tmp_path: Path) -> None:
    """A stop between a file and its ticket leaves nothing behind."""
    accounts = (digo(settings={"file": LIMIT}),)
    async with GatewayRig(tmp_path, *accounts) as rig:
        await Client(rig).call("POST", "/issue", 201, data=form(GOOD, b"kept"))
        (kept,) = files(rig)
        kept.with_name("999").write_bytes(b"lost")
    async with GatewayRig(tmp_path, *accounts) as rig:
        assert files(rig) == [kept]
