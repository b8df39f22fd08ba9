"""An operator whose credit is used up: the next one takes over, few messages knock in vain, and once it is paid it is
used again."""

import pytest

from tests.scenarios.world import ADMINISTRATOR, World, body_of, until

pytestmark = pytest.mark.process


async def test_out_of_credit(world: World) -> None:
    cheap = await world.operator("cheap", credit=5)
    dear = await world.operator("dear")
    world.configure()
    await world.start()
    await world.bound("cheap")
    await world.bound("dear")
    # What operators say then.
    for rounds, status in enumerate((0xFF, 0x400, 0x401), 1):
        cheap.options.no_credit = status
        cheap.refill()
        async with world.client.post("/v1/operators/cheap/resume", headers=ADMINISTRATOR) as answer:
            assert (await body_of(answer, 200))["state"] == "up"
        refused = cheap.counts.refused
        events = await world.delivered(await world.send(20))
        assert (cheap.counts.accepted, dear.counts.accepted) == (5 * rounds, 15 * rounds)
        # A row of refusals opens the circuit; beside it only what was on its way already.
        assert 5 <= cheap.counts.refused - refused <= 5 + 10
        view = (await world.operators())["cheap"]
        assert (view["state"], hex(status)[2:] in view["refusal"].lower()) == ("circuit_open", status != 0xFF)
        assert not any(event["possible_duplicate"] for event in events)
        assert sorted(event["cost"]["amount"] for event in events) == ["0.01"] * 5 + ["0.02"] * 15
    assert cheap.counts.binds == dear.counts.binds == 1


async def test_a_status_that_the_operator_file_names_refuses_nothing(world: World) -> None:
    smsc = await world.operator(credit=5, no_credit=0x401)
    world.configure(operator='errors: {"0x00000401": account}')
    await world.start()
    await world.bound()
    ids = await world.send(20)
    await until(lambda: smsc.counts.refused)
    await until(lambda: _circuit_is_open(world))
    assert smsc.counts.refused <= 10
    states = [(await world.message(id))["state"] for id in ids]
    assert states.count("queued") == 15
    assert not {"rejected", "failed"} & set(states)
    smsc.options.credit = 1000
    smsc.refill()
    async with world.client.post("/v1/operators/mtn/resume", headers=ADMINISTRATOR) as answer:
        await body_of(answer, 200)
    events = await world.delivered(ids)
    assert not any(event["possible_duplicate"] for event in events)


async def _circuit_is_open(world: World) -> bool:
    return (await world.operators())["mtn"]["state"] == "circuit_open"
