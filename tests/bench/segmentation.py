"""What it costs to cut a text, in microseconds of CPU: the best of several rounds.

    python -m tests.bench.segmentation

Fails where 160 characters of GSM 7-bit take over 5, or 400 mixed ones over 40.
"""

import sys
from time import process_time_ns

from router.message import EncodingWish
from router.operator import TextRules
from router.text.segment import segment

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
PLAIN = TextRules()
INDIAN = TextRules(language_tables=("hindi", "bengali", "tamil"))
TURKISH = TextRules(language_tables=("turkish",))


def long(text: str, length: int) -> str:
    return (text * length)[:length]


CASES: list[tuple[str, str, TextRules, float | None]] = [
    ("160 characters of GSM 7-bit", long("Your code is 493027. Do not pass it on, please. ", 160), PLAIN, 5.0),
    ("160 septets with brackets and euros", long("Pay {5 €} [now] ", 120), PLAIN, 5.0),
    ("400 characters of GSM 7-bit", long("Your code is 493027. Do not pass it on, please. ", 400), PLAIN, 40.0),
    ("400 mixed: Latin, Cyrillic, emoji", long("Noël 🎄 с праздником 🎁, à bientôt! ", 400), PLAIN, 40.0),
    ("400 of Arabic, an emoji in every cut", long(f"مرحبا 🇨🇲 {FAMILY} salut ", 400), PLAIN, None),
    ("400 of Hindi, conjuncts at the cuts", long("क्षत्रिय नमस्ते ", 400), PLAIN, 40.0),
    ("400 of Hindi with its tables", long("क्षत्रिय नमस्ते ", 400), INDIAN, None),
    ("400 of Turkish with its tables", long("Değerli müşterimiz, şifreniz: 4930 ", 400), TURKISH, None),
    ("400 with a row of 100 flags", long("🇨🇲", 200) + long("x ", 200), PLAIN, None),
]


def cost(text: str, rules: TextRules, rounds: int = 60, calls: int = 100) -> float:
    """Microseconds for one call."""
    best = 1e9
    for _ in range(rounds):
        began = process_time_ns()
        for _ in range(calls):
            segment(text, EncodingWish.AUTO, rules)
        best = min(best, (process_time_ns() - began) / calls / 1000)
    return best


def main() -> int:
    missed = 0
    for name, text, rules, limit in CASES:
        found = segment(text, EncodingWish.AUTO, rules)
        took = cost(text, rules)
        over = limit is not None and took > limit
        missed += over
        print(f"{name:38} {found.count} parts {took:7.2f} µs" + (f"  over {limit:g}" if over else ""))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
