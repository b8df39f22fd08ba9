"""What the operator received, read by the standards alone: the text as it was written, whole and well-formed."""

import struct
import unicodedata
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.simulator.observed import Submitted
from tests.processes import plain_number
from tests.scenarios.world import World, ending, until

pytestmark = pytest.mark.process

# --- an independent reader -----------------------------------------------------------------------------------------

# 3GPP TS 23.038, 6.2.1: the default alphabet by code point, row by row.
BASIC = [
    0x40, 0xA3, 0x24, 0xA5, 0xE8, 0xE9, 0xF9, 0xEC, 0xF2, 0xC7, 0x0A, 0xD8, 0xF8, 0x0D, 0xC5, 0xE5,
    0x394, 0x5F, 0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398, 0x39E, None, 0xC6, 0xE6, 0xDF, 0xC9,
    *range(0x20, 0x24), 0xA4, *range(0x25, 0x40),
    0xA1, *range(0x41, 0x5B), 0xC4, 0xD6, 0xD1, 0xDC, 0xA7,
    0xBF, *range(0x61, 0x7B), 0xE4, 0xF6, 0xF1, 0xFC, 0xE0,
]  # fmt: skip
# 6.2.1.1: the extension table.
EXTENSION = {0x0A: 0x0C, 0x14: 0x5E, 0x28: 0x7B, 0x29: 0x7D, 0x2F: 0x5C, 0x3C: 0x5B, 0x3D: 0x7E, 0x3E: 0x5D, 0x40: 0x7C,
             0x65: 0x20AC}  # fmt: skip


def gsm(septets: bytes) -> str:
    text = ""
    octets = iter(septets)
    for octet in octets:
        point = EXTENSION[next(octets)] if octet == 0x1B else BASIC[octet]
        assert point is not None
        text += chr(point)
    return text


def unpacked(octets: bytes, header: int) -> bytes:
    """Septets of packed user data behind a header of so many octets (TS 23.040, 9.2.3.24)."""
    bits = "".join(f"{octet:08b}"[::-1] for octet in octets)[-(header * 8) % 7 :]
    septets = bytes(int(bits[at : at + 7][::-1], 2) for at in range(0, len(bits) - 6, 7))
    # Seven bits left over are filled with CR (TS 23.038, 6.1.2.3.1).
    return septets.removesuffix(b"\r")


@dataclass
class OnAir:
    """One short message as a handset would have it."""

    reference: tuple[str, int] | None
    total: int
    number: int
    text: str
    octets: int


def read(one: Submitted, alphabet: str) -> OnAir:
    pdu = one.pdu
    content = pdu.short_message or pdu.tlvs.get(0x0424, b"")
    reference, total, number, header = None, 1, 1, 0
    if pdu.esm_class & 0x40:
        header = content[0] + 1
        elements = content[1:header]
        while elements:
            tag, length = elements[0], elements[1]
            value, elements = elements[2 : 2 + length], elements[2 + length :]
            assert len(value) == length
            if tag == 0x00:
                reference, total, number = ("8", value[0]), value[1], value[2]
            elif tag == 0x08:
                reference, (total, number) = ("16", struct.unpack(">H", value[:2])[0]), tuple(value[2:])
        content = content[header:]
    if 0x020C in pdu.tlvs:
        reference = ("sar", struct.unpack(">H", pdu.tlvs[0x020C])[0])
        (total,), (number,) = pdu.tlvs[0x020E], pdu.tlvs[0x020F]
        assert header == 0, "SAR and a concatenation header do not go together"
    if pdu.data_coding == 8:
        text, octets = content.decode("utf-16-be"), len(content)
    else:
        assert pdu.data_coding == 0
        if alphabet == "gsm7-packed":
            text, octets = gsm(unpacked(content, header)), len(content)
        elif alphabet == "gsm7":
            text, octets = gsm(content), -(-len(content) * 7 // 8)
        else:
            text = content.decode(alphabet)
            octets = -(-sum(2 if ord(one) in EXTENSION.values() else 1 for one in text) * 7 // 8)
    return OnAir(reference, total, number, text, octets + header)


# --- what is sent --------------------------------------------------------------------------------------------------

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
TEXTS = {
    "latin": "Hello Amina, your parcel is at the office. Open 8:00-17:00, bring your ID!",
    "every gsm character": "".join(chr(point) for point in BASIC if point not in (None, 0x0D)),
    "french that fits": "Déjà à l'école, où l'été est là: ù, è, à, é. Réponds vite!",
    "french that does not": "Le garçon français a reçu sa fenêtre à Noël, cœur léger.",
    "euro and brackets": "Prix: 12 € [TTC] {net: 10 €} ~5 | 3^2 \\o/ " * 3,
    "at signs": "@@@ a@b.example @",
    "arabic": "مرحبا أمينة، رمز التحقق الخاص بك هو ٤٩٣٠٢٧ ولا تشاركه مع أحد.",
    "emoji": f"Bravo \U0001f44b\U0001f3fd {FAMILY} \U0001f1e8\U0001f1f2 \u2764\ufe0f !",
    "amharic, chinese": "ሰላም ለዓለም 你好，世界 שלום",
    "escape at every border": ("x" * 152 + "€") * 4 + "the end",
    "five latin parts": "".join(f"{word:04d} " for word in range(145)),
    "five arabic parts": "السلام عليكم ورحمة الله وبركاته " * 10,
    "emoji at every border": ("م" * 66 + "\U0001f600") * 4 + "end",
    "families at every border": ("a" * 60 + FAMILY) * 4,
    "accents that combine": ("na" + "e\u0301" * 3 + "nü ") * 20,
    "exactly one": "y" * 160,
    "one more": "z" * 161,
    "exactly one, euro last": "y" * 158 + "€",
    "seven spare bits": "1234567",
    "exactly one in arabic": "م" * 70,
}
OPERATORS = {
    "plain": ("gsm7", "{}"),
    "wide": ("gsm7", "{long: udh16}"),
    "sar": ("gsm7", "{long: sar}"),
    "whole": ("gsm7", "{long: payload}"),
    "packed": ("gsm7-packed", "{alphabet: gsm7-packed}"),
    "latin": ("latin-1", "{alphabet: latin1}"),
    "ascii": ("ascii", "{alphabet: ascii}"),
}


async def set_up(world: World) -> None:
    """One operator for each way of writing, each with a plan of its own name."""
    for name in OPERATORS:
        await world.operator(name)
    world.configure()
    for name, (_, rules) in OPERATORS.items():
        path = world.folder / "operators" / f"{name}.yaml"
        path.write_text(f"{path.read_text()}text: {rules}\n")
    plans = "".join(f"  {name}: {{operators: [{name}]}}\n" for name in OPERATORS)
    (world.folder / "routes.yaml").write_text(f"currencies: {{base: XAF}}\nplans:\n  default: {{}}\n{plans}")
    await world.start()


async def test_every_text_arrives_as_written(world: World) -> None:
    await set_up(world)
    wanted = {}
    for place, text in enumerate(TEXTS.values()):
        # Twice to each number, so that parts of two messages could be mixed up.
        for _ in range(2):
            for name in OPERATORS:
                message = await world.submit(plain_number(place), text, plan=name)
                wanted[message["id"]] = name, text
    events = {event["message_id"]: event for event in await world.ended(wanted) if ending(event)}
    assert {event["state"] for event in events.values()} == {"delivered"}
    for name, (alphabet, rules) in OPERATORS.items():
        submitted = world.smscs[name].submitted
        for one in submitted:
            pdu = one.pdu
            assert pdu.registered_delivery == 1
            assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == ("ACME", 5, 0)
            assert (pdu.dest_addr_ton, pdu.dest_addr_npi) == (1, 1)
            assert len(pdu.short_message) <= 160
        for place, text in enumerate(TEXTS.values()):
            parts = [read(one, alphabet) for one in submitted if one.destination == plain_number(place)[1:]]
            both = [id for id, (operator, content) in wanted.items() if (operator, content) == (name, text)]
            segments = {events[id]["segments"] for id in both}
            assert len(segments) == 1
            references = [part.reference for part in parts]
            if "payload" in rules or segments == {1}:
                assert [part.text for part in parts] == [text, text], (name, text)
                assert references == [None, None]
                continue
            (total,) = segments
            assert len(parts) == 2 * total
            assert len(set(references)) == 2, "parts of two messages would be mixed up"
            for reference in set(references):
                message = [part for part in parts if part.reference == reference]
                assert [(part.total, part.number) for part in message] == [(total, at + 1) for at in range(total)]
                assert "".join(part.text for part in message) == text, name
                assert all(part.octets <= 140 for part in message)
                assert not [part.text for part in message if begins_within(part.text)]


def begins_within(text: str) -> bool:
    """Whether a part's text begins with what belongs to the character before it (Unicode UAX 29, in short)."""
    first = text[0]
    return unicodedata.combining(first) != 0 or first in "\u200d\ufe0f" or "\U0001f3fb" <= first <= "\U0001f3ff"


ASKED_FOR: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"receipts": "none"}, {"registered_delivery": 0}),
    # Intermediate ones are asked for only where the operator is set to give them.
    ({"receipts": "all"}, {"registered_delivery": 1}),
    ({"flash": True}, {"data_coding": 0x10}),
    ({"flash": True, "text": "привет"}, {"data_coding": 0x18}),
    ({"encoding": "ucs2", "text": "abc"}, {"data_coding": 8, "short_message": b"\0a\0b\0c"}),
    ({"from": "8080"}, {"source_addr": "8080", "source_addr_ton": 3, "source_addr_npi": 0}),
    ({"from": "+237690000001"}, {"source_addr": "237690000001", "source_addr_ton": 1, "source_addr_npi": 1}),
    ({"text": None, "data": "AQID"}, {"data_coding": 4, "short_message": b"\1\2\3", "esm_class": 0}),
    (
        {"text": None, "data": "AQID", "udh": "BgUEC4QjDw=="},
        {"esm_class": 0x40, "short_message": b"\x06\x05\x04\x0b\x84\x23\x0f\1\2\3"},
    ),
    ({}, {"validity_period": "", "priority_flag": 0, "protocol_id": 0, "schedule_delivery_time": ""}),
]


async def test_what_else_is_asked_for(world: World) -> None:
    smsc = await world.operator()
    world.configure()
    await world.start()
    for place, (fields, seen) in enumerate(ASKED_FOR):
        to = plain_number(place)
        await world.submit(to, **fields)
        await until(lambda to=to: [one for one in smsc.submitted if one.destination == to[1:]])
        pdu = smsc.submitted[-1].pdu
        assert {name: getattr(pdu, name) for name in seen} == seen
    await world.submit(plain_number(0), expires_in=3600)
    await until(lambda: len(smsc.submitted) == len(ASKED_FOR) + 1)
    assert smsc.submitted[-1].pdu.validity_period in ("000000010000000R", "000000005959000R")
