"""What an account sent and heard, as one list: every page is a piece of it, whatever is mixed how."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.gateway.records import InboundMessage
from tests.engine.rig import operator
from tests.gateways.rig import GatewayRig, account

HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(["sent", "heard", "mail", "another's", "heard by another"]), st.integers(0, 2)),
    max_size=40,
)
MAIL = replace(operator("mail"), channel="email")


async def fill(rig: GatewayRig, happened: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Let it happen, each so many seconds after the one before; what the list of acme has, newest first."""
    expected: list[tuple[int, int, int, str]] = []
    clock = rig.engine_rig.clock
    heard: list[InboundMessage] = []
    for kind, seconds in happened:
        clock.move(seconds)
        if kind == "mail":
            await rig.engine_rig.submit("a@example.org", channel="email", sender="b@example.org")
        elif "heard" in kind:
            no = rig.book.next_no()
            name = "acme" if kind == "heard" else "other"
            heard.append(InboundMessage(no, name, clock.now(), f"event {no}", "sms", "8080", "+237670000001", "Hi"))
            if kind == "heard":
                expected.append((clock.now(), 0, no, kind))
        else:
            message = await rig.engine_rig.submit(account="acme" if kind == "sent" else "other")
            if kind == "sent":
                expected.append((clock.now(), 1, message.no, kind))
    await rig.book.notices.follow("test", len(happened) + 1, heard, [])
    return [(kind, no) for _, _, no, kind in sorted(expected, reverse=True)]


@pytest.mark.deep
@settings(max_examples=15, deadline=None)
@given(HAPPENINGS, st.integers(1, 5))
async def test_pages_are_pieces_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, happened: list[tuple[str, int]], size: int
) -> None:
    folder = tmp_path_factory.mktemp("history")
    async with GatewayRig(folder, account("acme", {}), account("other", {}), more=(MAIL,)) as rig:
        expected = await fill(rig, happened)
        found = []
        for offset in range(0, len(expected) + size, size):
            page, counted = await rig.book.history.page("acme", offset, size)
            assert counted == len(expected)
            assert len(page) == max(0, min(size, counted - offset))
            found += [("heard" if isinstance(one, InboundMessage) else "sent", one.no) for one in page]
        assert found == expected
