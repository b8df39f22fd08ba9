"""A daemon that exports traces, and a collector that fails."""

import pytest

from tests.scenarios.world import World, until

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra otel is not installed: no traces")

from tests.collector import collecting

pytestmark = pytest.mark.process


async def test_a_daemon_exports_and_does_not_mind_a_collector_that_fails(world: World) -> None:
    async with collecting() as (collector, endpoint):
        await world.operator("mtn")
        world.configure(router=f"tracing: {{endpoint: '{endpoint}', sample: 1}}")
        await world.start()
        await world.bound("mtn")
        ids = await world.send(20)
        await world.delivered(ids)
        await until(lambda: len({span.trace_id for span in collector.spans}) == 20)
        assert {"message", "queued", "submit mtn", "receipt mtn"} == collector.of(ids[0]).keys()

        collector.status = 500
        before = collector.asked
        ids = await world.send(20)
        await world.delivered(ids)
        await until(lambda: collector.asked > before)
        ids = await world.send(20)
        await world.delivered(ids)
