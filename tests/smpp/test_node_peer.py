"""node's smpp package (0.5) as an independent reader of what we write, where it is right.

Where it is not:

| smpp for node | what it does | what is right |
|---|---|---|
| a single shift for Turkish or Portuguese | reads the rest by its locking shift too | the default alphabet |
| a locking shift and a single shift of two languages | only the first of the two elements counts | both |
| languages 4 to 13 | read as the default alphabet | TS 23.038, annex A |
| a code behind an escape that no table has | leaves the escape in the text | the character of the basic table |
| an unknown character when writing | a space, silently | refuse it, or UCS-2 |
| `detect` | Spanish before plain GSM, and never the cheapest | the fewest short messages |
| long texts | leaves the cutting to its user | |
| data_coding 0 with the alphabet packed | reads the octets as septets | unpack |
"""

import json
import subprocess

import pytest

from adapters.smpp.codec import encode
from router.message import Encoding
from router.operator import TextRules
from router.text import gsm7
from tests.smpp.nodejs import CACHE
from tests.smpp.test_text_arrives import sent

pytestmark = pytest.mark.process

SCRIPT = """
const smpp = require('smpp');
const lines = require('fs').readFileSync(0, 'utf8').trim().split('\\n');
for (const line of lines) {
    const pdu = new smpp.PDU(Buffer.from(line, 'hex'));
    const long = pdu.message_payload;
    const {udh, message} = long ? long : pdu.short_message;
    console.log(JSON.stringify({
        command: pdu.command, text: message, coding: pdu.data_coding, to: pdu.destination_addr,
        udh: (udh || []).map(one => one.toString('hex')),
        sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
    }));
}
"""


def read(node: str, texts: list[str], rules: TextRules, **changes) -> list[list[dict]]:
    """What node makes of the submit_sm of each text, part by part."""
    pdus = [sent(text, rules, concat_reference=0x1234, **changes)[1] for text in texts]
    lines = "\n".join([encode(pdu, 1).hex() for one in pdus for pdu in one])
    found = subprocess.run(
        [node, "-e", SCRIPT], input=lines, cwd=CACHE, check=True, capture_output=True, text=True, timeout=30
    )
    answers = iter([json.loads(line) for line in found.stdout.splitlines()])
    return [[next(answers) for _ in one] for one in pdus]


EVERY = "".join(sorted(gsm7.CHARACTERS))
TEXTS = [
    "Hello",
    EVERY,
    EVERY * 5,
    "a" * 152 + "€" + "a" * 152,
    "{" * 300,
    "ы",
    "чисто " * 40,
    "hi 😀",
    "ы" * 66 + "😀" * 40,
    "👨\u200d👩\u200d👧\u200d👦" * 20,
]


@pytest.mark.parametrize("long", ["udh8", "udh16", "sar"])
def test_node_reads_what_we_write(node: str, long: str) -> None:
    for text, parts in zip(TEXTS, read(node, TEXTS, TextRules(long=long)), strict=True):
        assert "".join(part["text"] for part in parts) == text
        assert {part["command"] for part in parts} == {"submit_sm"}
        for number, part in enumerate(parts, 1):
            if len(parts) == 1:
                assert part["udh"] == []
            elif long == "sar":
                assert part["sar"] == [0x1234, len(parts), number]
            elif long == "udh8":
                assert part["udh"] == [f"000334{len(parts):02x}{number:02x}"]
            else:
                assert part["udh"] == [f"08041234{len(parts):02x}{number:02x}"]


@pytest.mark.parametrize(
    ("name", "text", "identifiers"),
    [
        ("spanish", "¿Qué canción? Está aquí. ÁÍÓÚ ç €", ["240102"]),
        ("turkish", "Şifreniz ğ ı İ ç 4930 [€]", ["250101"]),
        ("portuguese", "Não há informações à mão, Ê", ["250103"]),
    ],
)
def test_node_reads_the_tables_it_has(node: str, name: str, text: str, identifiers: list[str]) -> None:
    rules = TextRules(language_tables=(name,))
    for times in (1, 8):
        cut, _ = sent(text * times, rules)
        assert (cut.encoding, cut.language is not None) == (Encoding.GSM7, True)
        (parts,) = read(node, [text * times], rules)
        assert "".join(part["text"] for part in parts) == text * times
        assert all(part["udh"][-1:] == identifiers for part in parts)


def test_where_node_is_not_right(node: str) -> None:
    # è is in the default alphabet, not in Turkish; node takes the locking shift for granted.
    (parts,) = read(node, ["ğ è"], TextRules(language_tables=("turkish",)))
    assert parts[0]["udh"] == ["240101"]
    assert parts[0]["text"] == "ğ €"
    (parts,) = read(node, ["नमस्ते"], TextRules(language_tables=("hindi",)))
    assert parts[0]["udh"] == ["250106"]
    assert parts[0]["text"] != "नमस्ते"
