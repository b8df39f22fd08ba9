"""What the demo sends: real texts in the languages of the countries they go to.

Numbers are well-formed and made up; they only ever reach the demo's own simulators.
"""

import random
from dataclasses import dataclass
from typing import Any, NamedTuple

BANK, SHOP, HOTEL = "bank", "shop", "hotel"
"""The demo's accounts: one-time codes and notices with a webhook; marketing, followed by cursor; one message by each
channel."""


@dataclass(frozen=True, slots=True)
class Country:
    """`prefixes` are the beginnings of mobile numbers, `digits` what follows them."""

    name: str
    prefixes: tuple[str, ...]
    digits: int
    languages: tuple[str, ...]


COUNTRIES = (
    Country("Cameroon", ("+23767", "+23769"), 7, ("french", "english")),
    Country("Ghana", ("+23324",), 7, ("english",)),
    Country("Kenya", ("+254712",), 6, ("swahili", "english")),
    Country("Tanzania", ("+255754",), 6, ("swahili",)),
    Country("Nigeria", ("+234803",), 7, ("english", "emoji")),
    Country("Ethiopia", ("+25191",), 7, ("amharic",)),
    Country("Egypt", ("+2010",), 8, ("arabic",)),
    Country("India", ("+9198",), 8, ("hindi", "english")),
    Country("France", ("+33612",), 6, ("french", "emoji")),
)
_ROTATION = (*COUNTRIES, *COUNTRIES[:1] * 4)  # most of it goes to the country that has operators of its own

CODES = {
    "english": "{code} is your code. It expires in 5 minutes; do not share it.",
    "french": "{code} est votre code. Il expire dans 5 minutes ; ne le partagez pas.",
    "swahili": "{code} ni nambari yako ya siri. Itaisha baada ya dakika 5.",
    "arabic": "رمزك هو {code}. تنتهي صلاحيته خلال 5 دقائق.",
    "amharic": "የማረጋገጫ ኮድዎ {code} ነው። በ5 ደቂቃ ውስጥ ያበቃል።",
    "hindi": "आपका कोड {code} है। यह 5 मिनट में समाप्त हो जाएगा।",
    "emoji": "🔐 {code} is your code. It expires in 5 minutes.",
}
NOTICES = {
    "english": "Your transfer of {amount} has arrived. Thank you for using our service.",
    "french": "Votre virement de {amount} est arrivé à l'agence. Merci de votre fidélité, à très bientôt !",
    "swahili": "Umepokea {amount}. Asante kwa kutumia huduma yetu.",
    "arabic": "وصلت حوالتك بمبلغ {amount}. شكرا لاستخدامك خدمتنا.",
    "amharic": "የ{amount} ክፍያዎ ደርሷል። አገልግሎታችንን ስለተጠቀሙ እናመሰግናለን።",
    "hindi": "आपका {amount} का भुगतान प्राप्त हुआ। हमारी सेवा का उपयोग करने के लिए धन्यवाद।",
    "emoji": "💸 {amount} has arrived 🎉 Thank you! 🙏🏾",
}
OFFERS = {
    "english": "This weekend only: two pairs of shoes for the price of one, in all our shops.",
    "french": "Ce week-end : deux paires de chaussures pour le prix d'une, dans toutes nos boutiques. Noël approche…",
    "swahili": "Wikendi hii tu: viatu jozi mbili kwa bei ya moja katika maduka yetu yote.",
    "arabic": "في نهاية هذا الأسبوع فقط: زوجان من الأحذية بسعر زوج واحد في جميع متاجرنا.",
    "amharic": "በዚህ ቅዳሜና እሁድ ብቻ፦ ሁለት ጥንድ ጫማ በአንድ ዋጋ።",
    "hindi": "केवल इस सप्ताहांत: एक की कीमत में दो जोड़ी जूते, हमारी सभी दुकानों में।",
    "emoji": "👟👟 Two pairs for the price of one 😍 this weekend only! 🇳🇬🇨🇲",
}
_TERMS = {
    "english": "The offer holds from Friday at nine until Sunday at six, as long as stocks last, once per customer. ",
    "french": "L'offre est valable de vendredi à neuf heures jusqu'à dimanche à dix-huit heures. ",
    "arabic": "يسري العرض من الجمعة حتى الأحد ما دامت الكمية متوفرة. ",
    "hindi": "यह प्रस्ताव शुक्रवार से रविवार तक मान्य है। ",
}
ENDINGS = ("901", "902", "903", "911", "912", "913", "915", "916", "923", "931", "932", "933", "935", "937")
"""Last digits for which the simulated operators misbehave, in ways that end within seconds."""


class Planned(NamedTuple):
    account: str
    submit: dict[str, Any]


REFUSED = (
    Planned(SHOP, {"to": "+23712", "text": "A number that cannot be one."}),
    Planned(SHOP, {"to": "+237670000000", "text": "Too long. " * 400}),
    Planned(SHOP, {"to": "+237670000000", "from": "+12025550123", "text": "A sender that a rule refuses."}),
)
"""Refused at once, each with another code."""

_GUEST = "+221771234001"
CHANNELS = (
    # By SMPP it is refused, and then goes by HTTP.
    Planned(HOTEL, {"to": _GUEST, "text": "Votre chambre est prête. À tout à l'heure !"}),
    Planned(
        HOTEL,
        {
            "channel": "email",
            "to": "awa@guests.example",
            "from": "stay@hotel.example",
            "text": "Dear Awa, your room is booked for Friday.",
            "options": {"subject": "Your booking", "html": "<p>Dear Awa, your room is <b>booked</b> for Friday.</p>"},
        },
    ),
    Planned(
        HOTEL,
        {
            "channel": "whatsapp",
            "to": _GUEST,
            "text": "Your booking 4711 is confirmed.",
            "options": {"template": "booking_confirmed", "parameters": ["Awa", "4711"]},
        },
    ),
    Planned(
        HOTEL,
        {
            "channel": "voice",
            "to": _GUEST,
            "text": "Bonjour. Votre taxi vous attend devant l'hôtel.",
            "options": {"language": "fr", "gender": "male"},
        },
    ),
    Planned(
        HOTEL,
        {
            "channel": "mms",
            "to": _GUEST,
            "text": "The way from the station",
            "options": {"media_url": "https://hotel.example/way.png"},
        },
    ),
    Planned(
        HOTEL,
        {
            "channel": "viber",
            "to": _GUEST,
            "text": "How was your stay?",
            "options": {"button_title": "Tell us", "button_url": "https://hotel.example/tell"},
        },
    ),
)
"""One message by each channel."""


def plan(count: int, seed: int = 7) -> list[Planned]:
    """`count` messages, the same for the same seed; the numbers of one in eight are trouble for the operators."""
    chance = random.Random(seed)
    return [_one(chance, index) for index in range(count)]


def _one(chance: random.Random, index: int) -> Planned:
    country = _ROTATION[index % len(_ROTATION)]
    language = chance.choice(country.languages)
    ending = ENDINGS[index // 8 % len(ENDINGS)] if index % 8 == 5 else f"{chance.randrange(900):03}"
    middle = str(chance.randrange(10 ** (country.digits - 3))).zfill(country.digits - 3)
    to = chance.choice(country.prefixes) + middle + ending
    kind = chance.random()
    if kind < 0.35:
        text = CODES[language].format(code=chance.randrange(100_000, 1_000_000))
        return Planned(BANK, {"to": to, "class": "otp", "text": text, "expires_in": 300})
    if kind < 0.6:
        text = NOTICES[language].format(amount=f"{chance.randrange(5, 500) * 100} XAF")
        return Planned(BANK, {"to": to, "text": text, "reference": f"transfer-{index}"})
    text = OFFERS[language] if kind < 0.93 else long_text(language)
    return Planned(SHOP, {"to": to, "class": "marketing", "text": text})


def long_text(language: str) -> str:
    """A text of five segments: 153 characters each in GSM-7, 67 code units in UCS-2."""
    terms = _TERMS.get(language, _TERMS["english"])
    size = 5 * (153 if terms.isascii() or language == "french" else 67) - 20
    return (terms * (size // len(terms) + 1))[:size].rstrip()
