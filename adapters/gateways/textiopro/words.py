"""TextioPro's words for what the engine knows: ids, times, numbers, states."""

from datetime import UTC, datetime

from adapters.gateways.textiopro.shapes import Kind, Status
from router.gateway.ids import HEX13
from router.message import Message, State, TrafficClass
from router.zones import local, zone

STATUS: dict[State, Status] = {
    State.SCHEDULED: "Queued",
    State.QUEUED: "Queued",
    State.SUBMITTED: "Sent",
    State.DELIVERED: "Delivered",
    State.UNDELIVERED: "Undelivered",
    State.UNKNOWN: "Undelivered",
    State.EXPIRED: "Expired",
    State.REJECTED: "Rejected",
    State.FAILED: "Failed",
    State.CANCELLED: "Failed",
}
"""7.1 of the contract, TP-33."""

_KINDS: dict[str, Kind] = {"voice": "voice", "mms": "mms", "whatsapp": "whatsapp", "viber": "viber"}


def kind_of(message: Message) -> Kind:
    otp = message.traffic_class is TrafficClass.OTP
    return _KINDS.get(message.channel) or ("otp" if otp else "plain")


def received_kind(channel: str) -> Kind:
    return _KINDS.get(channel, "plain")


def sent_uid(no: int) -> str:
    """The uid of the message with this number. Sent and received ones have numbers of their own each."""
    return HEX13.write(2 * no)


def received_uid(no: int) -> str:
    return HEX13.write(2 * no + 1)


def message_no(uid: str) -> tuple[int, bool] | None:
    """The number of a message, and whether it was received."""
    no = HEX13.read(uid)
    return (no >> 1, bool(no & 1)) if no is not None else None


def bare(number: str) -> str:
    """TextioPro writes numbers without the plus sign."""
    return number.removeprefix("+")


def microseconds(at: int) -> str:
    """A time in ms as 2024-03-20T11:52:13.000000Z."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03d}000Z"


def minutes(at: int, time_zone: str) -> str:
    """A time in ms as clocks show it there: 2021-12-20 07:00."""
    return local(at, zone(time_zone)).strftime("%Y-%m-%d %H:%M")
