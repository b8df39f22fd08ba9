"""Timers with plain numbers: each row is a trace of (now, "heard" or what is due)."""

import pytest

from adapters.smpp.timers import Due, Patience, Timers

NOTHING, ENQUIRE, DEAD, OVERDUE = Due.NOTHING, Due.ENQUIRE, Due.DEAD, Due.OVERDUE
PATIENCE = Patience(enquire_link=30, response=60, handshake=10)

TRACES = {
    "asks after silence": (PATIENCE, [(29.9, NOTHING), (30, ENQUIRE), (30, NOTHING)]),
    "hearing anything starts the silence anew": (PATIENCE, [(29, "heard"), (58.9, NOTHING), (59, ENQUIRE)]),
    "an answer is a sign of life": (PATIENCE, [(30, ENQUIRE), (31, "heard"), (60.9, NOTHING), (61, ENQUIRE)]),
    "two missed answers": (PATIENCE, [(30, ENQUIRE), (59, NOTHING), (60, ENQUIRE), (89, NOTHING), (90, DEAD)]),
    "an answer after the second": (
        PATIENCE,
        [(30, ENQUIRE), (60, ENQUIRE), (80, "heard"), (90, NOTHING), (110, ENQUIRE), (140, ENQUIRE), (170, DEAD)],
    ),
    "an answer is missed after the shorter time": (
        Patience(enquire_link=60, response=2, handshake=10),
        [(59, NOTHING), (60, ENQUIRE), (61, NOTHING), (62, ENQUIRE), (64, DEAD)],
    ),
    "late ticks do not count double": (PATIENCE, [(500, ENQUIRE), (501, NOTHING), (530, ENQUIRE), (560, DEAD)]),
    "handshake": (PATIENCE, [(0, "begin"), (9.9, NOTHING), (10, OVERDUE)]),
    "handshake answered": (PATIENCE, [(0, "begin"), (9, "heard"), (9, "end"), (10, NOTHING), (39, ENQUIRE)]),
    "no enquire_link within a handshake": (
        Patience(enquire_link=1, response=1, handshake=10),
        [(0, "begin"), (5, NOTHING), (10, OVERDUE)],
    ),
}


@pytest.mark.parametrize("name", TRACES)
def test_trace(name: str) -> None:
    patience, trace = TRACES[name]
    timers = Timers(patience, 0)
    for now, what in trace:
        match what:
            case "heard":
                timers.heard(now)
            case "begin":
                timers.begin_handshake(now)
            case "end":
                timers.end_handshake()
            case _:
                assert timers.due(now) is what, now
