"""The bench with its processes: small runs that come out right, and such in which something is lost or doubled."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from router.cli.bench import plot
from router.cli.bench.kannel import MISSING, boxes

pytestmark = pytest.mark.process


async def bench(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "router", "bench", *arguments),
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("events", ["webhook", "poll", "stream"])
async def test_a_run_measures_everything_and_leaves_nothing(events: str, tmp_path: Path) -> None:
    arguments = ("--messages", "200", "--batch", "10", "--at", "0.8", "--accounts", "2", "--operators", "2")
    code, out, err = await ended(await bench(tmp_path, *arguments, "--events", events, "--json", "-"))
    assert code == 0, err
    assert err == ""
    result = json.loads(out)
    assert result["faults"] == []
    assert result["options"]["events"] == events
    assert result["machine"]["cores"] >= 1
    most, at_most = result["legs"]
    assert [most["name"], at_most["name"]] == ["most", "at 80%"]
    assert at_most["offered_per_second"] == pytest.approx(0.8 * most["end_to_end_per_second"])
    for leg in (most, at_most):
        assert leg["messages"] == 200
        assert set(leg["cpu_us"]) == set(leg["resident_mb"]) == {"daemon", "simulator", "load", "sink"}
        assert leg["accepted_per_second"] >= leg["end_to_end_per_second"] > 0
        for spread in (leg["accept_ms"], leg["event_ms"]):
            assert 0 < spread["p50"] <= spread["p99"] <= spread["p999"] <= spread["longest"]
        assert leg["event_ms"]["p50"] > leg["accept_ms"]["p50"]
        assert leg["commits"]["per_second"] > 0
        assert leg["commits"]["writes"] > 1
        assert leg["series"]
    assert not list(tmp_path.iterdir())


async def test_single_submits_of_several_parts_for_some_time(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    folder = tmp_path / "temporary"
    folder.mkdir()
    arguments = ("--single", "--seconds", "0.5", "--encoding", "ucs2", "--length", "100", "--json", str(file))
    code, out, err = await ended(await bench(folder, *arguments))
    assert code == 0, err
    assert "every message once at its operator" in out
    (leg,) = json.loads(file.read_bytes())["legs"]
    assert leg["messages"] > 10
    code, out, err = await ended(
        await bench(folder, "--messages", "20", "--compare", str(file), "--plot", str(folder / "bench.png"))
    )
    assert code == 0, err
    assert "batch was 1, is 100" in out
    assert (plot.MISSING in err) != (folder / "bench.png").exists()


@pytest.mark.parametrize(
    ("behaviour", "told"), [("936", "without a final event: 10"), ("924", "doubled at the operator: ")]
)
async def test_what_is_lost_or_doubled_fails_the_run(behaviour: str, told: str, tmp_path: Path) -> None:
    count = "10" if behaviour == "936" else "1"
    arguments = ("--single", "--messages", count, "--connections", "1", "--smsc", f"--behaviour {behaviour}")
    code, out, err = await ended(await bench(tmp_path, *arguments, "--patience", "1"))
    assert code == 1, err
    assert f"not as it must be: {told}" in out
    assert not list(tmp_path.iterdir())


async def test_a_simulator_that_does_not_start_is_told(tmp_path: Path) -> None:
    code, _, err = await ended(await bench(tmp_path, "--smsc=--nonsense"))
    assert code == 1
    assert "simulator ended" in err
    assert "--nonsense" in err
    assert not list(tmp_path.iterdir())


async def test_ctrl_c_ends_everything(tmp_path: Path) -> None:
    process = await bench(tmp_path, "--seconds", "60")
    async with asyncio.timeout(60):
        while not list(tmp_path.glob("*/times-*")):  # the warm-up is over
            assert process.returncode is None
            await asyncio.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert (await ended(process))[0] == 130
    assert not list(tmp_path.iterdir())


async def test_in_turns_with_kannel(tmp_path: Path) -> None:
    if boxes() is None:
        pytest.skip(MISSING)
    code, out, err = await ended(
        await bench(tmp_path, "--against", "kannel", "--messages", "100", "--rounds", "1", "--json", "-")
    )
    kannel, single, batches = json.loads(out)["peers"]
    assert [single["faults"], batches["faults"]] == [[], []]
    assert code == bool(kannel["faults"]), err  # what it loses is for it to answer
    assert set(kannel["rounds"][0]["cpu_us"]) == {"bearerbox", "smsbox", "simulator", "load", "sink"}
    assert kannel["ratio"] == 1.0
    assert single["ratio"] == pytest.approx(single["end_to_end_per_second"] / kannel["end_to_end_per_second"], abs=0.01)
    assert batches["options"]["batch"] == 100
