"""What the bench decides without any process: options, requests, arithmetic, the check, ratios, Kannel's file."""

import argparse
import json
from array import array
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from adapters.config_yaml import load_now
from adapters.simulator.behaviour import BY_ENDING
from router.__main__ import main
from router.cli.bench import compare, peers, plot
from router.cli.bench import main as bench_main
from router.cli.bench.check import Fault, counted, faults
from router.cli.bench.daemon import files
from router.cli.bench.kannel import MISSING, configuration
from router.cli.bench.load import Times
from router.cli.bench.measure import Figures, Leg, Sample, Snapshot, figures, percentile, spread
from router.cli.bench.messages import LENGTHS, MOST, index_of, number, parts, text
from router.cli.bench.options import Options, Refused, add_arguments, options
from router.cli.bench.report import Report, report, show
from router.cli.bench.requests import ToKannel, ToRouter
from router.cli.bench.sink import Seen
from router.message import EncodingWish
from router.operator import TextRules
from router.text.segment import segment


def asked(*arguments: str) -> Options:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return options(parser.parse_args(arguments))


# --- options ---


def test_defaults() -> None:
    batches, single = asked(), asked("--single")
    assert (batches.batch, batches.connections) == (100, 8)
    assert (single.batch, single.connections) == (1, 32)
    assert asked("--batch", "7", "--connections", "3").batch == 7
    assert asked("--seconds", "2.5").messages == MOST
    assert asked("--encoding", "ucs2").length == LENGTHS[EncodingWish.UCS2]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--batch", "1"],
        ["--batch", "1001"],
        ["--batch", "ten"],
        ["--single", "--batch", "5"],
        ["--connections", "0"],
        ["--messages", "0"],
        ["--messages", str(MOST + 1)],
        ["--rate", "-1"],
        ["--rate", "nan"],
        ["--rate", "inf"],
        ["--at", "1.5"],
        ["--at", "0"],
        ["--seconds", "0"],
        ["--encoding", "auto"],
        ["--operators", "11"],
        ["--events", "none"],
        ["--window", "0"],
        ["--against", "jasmin"],
        ["--rounds", "0"],
    ],
)
def test_an_argument_out_of_its_range_is_wrong_usage(arguments: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as left:
        main(["bench", *arguments])
    assert left.value.code == 2
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--messages", "5", "--seconds", "5"], "not both"),
        (["--rate", "5", "--at", "0.5"], "not both"),
        (["--folder", "/nowhere"], "no folder"),
        (["--encoding", "ucs2", "--length", "1500"], "too many"),
        (["--against", "kannel", "--single"], "--against"),
        (["--against", "kannel", "--at", "0.8"], "--against"),
        (["--against", "kannel", "--plot", "x.png"], "--against"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(arguments: list[str], reason: str, capsys) -> None:
    assert main(["bench", *arguments]) == 2
    assert reason in capsys.readouterr().err


def test_refused_is_what_options_raise() -> None:
    with pytest.raises(Refused):
        asked("--messages", "1", "--seconds", "1")


def test_a_result_that_cannot_be_compared_with_is_said_before_anything_runs(tmp_path: Path, capsys) -> None:
    (tmp_path / "other.json").write_text('{"legs": 1}')
    for name in ("other.json", "missing.json"):
        assert main(["bench", "--compare", str(tmp_path / name)]) == 1
        assert name in capsys.readouterr().err


# --- messages and requests ---


@given(st.integers(0, MOST - 1))
def test_every_number_is_one_messages_and_troubles_no_simulator(index: int) -> None:
    to = number(index)
    assert index_of(to) == index_of(to[1:]) == index
    assert len(to) == 13
    assert to[-3:] not in BY_ENDING


@given(st.sampled_from(sorted(LENGTHS)), st.integers(1, 600))
def test_texts_have_the_length_and_the_encoding(encoding: EncodingWish, length: int) -> None:
    written = text(encoding, length)
    assert len(written) == length
    assert segment(written, encoding, TextRules()).count == parts(encoding, length)


def test_one_segment_where_no_length_is_asked_for() -> None:
    assert [parts(encoding, length) for encoding, length in LENGTHS.items()] == [1, 1]


@pytest.mark.parametrize("batch", [1, 3])
def test_requests_are_whole_and_go_to_the_accounts_in_turn(batch: int) -> None:
    dialect = ToRouter(["one", "two"], "100 % “quoted”", "ucs2", batch)
    write = dialect.writer()
    for ordinal in range(3):
        head, _, body = write(ordinal, ordinal * batch, batch).partition(b"\r\n\r\n")
        assert b"Bearer " + (b"one", b"two")[ordinal % 2] in head
        assert int(head.partition(b"Content-Length: ")[2]) == len(body)
        messages = json.loads(body)["messages"] if batch > 1 else [json.loads(body)]
        assert [one["reference"] for one in messages] == [str(ordinal * batch + place) for place in range(batch)]
        assert [one["to"] for one in messages] == [number(ordinal * batch + place) for place in range(batch)]
        assert {one["text"] for one in messages} == {"100 % “quoted”"}


def test_only_a_batch_that_was_taken_whole_is_taken() -> None:
    batches, single = (ToRouter(["t"], "x", "gsm7", batch) for batch in (3, 1))
    assert batches.taken(b"202", b'{"accepted":3,"refused":0', 3)
    assert not batches.taken(b"202", b'{"accepted":30,"refused":0', 3)
    assert not batches.taken(b"202", b'{"accepted":2,"refused":1', 3)
    assert not batches.taken(b"503", b'{"accepted":3,', 3)
    assert single.taken(b"202", b'{"id":', 1)
    assert not single.taken(b"429", b"", 1)


def test_a_request_to_smsbox_names_the_message_twice() -> None:
    line = ToKannel("me", "secret", "50 % & more", "gsm7", "http://127.0.0.1:9/receipt").writer()(0, 41, 1)
    query = parse_qs(urlsplit(line.split(b" ")[1].decode()).query)
    assert query["text"] == ["50 % & more"]
    assert query["to"] == [number(41)[1:]]
    assert query["dlr-url"] == ["http://127.0.0.1:9/receipt?type=%d&reference=41"]


# --- what runs ---


@pytest.mark.parametrize("events", ["webhook", "poll", "stream"])
def test_the_configuration_is_one_and_spreads_over_the_operators(events: str, tmp_path: Path) -> None:
    wanted = asked("--operators", "3", "--accounts", "2", "--events", events)
    for name, content in files(wanted, 8080, 2775, 9000, ["a-token-of-one", "a-token-of-two"]).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content))
    settings = load_now(tmp_path / "router.yaml", {}).settings
    assert len(settings.operators) == 3
    assert len(settings.accounts) == 2
    assert {account.webhook is None for account in settings.accounts.values()} == {events != "webhook"}
    own = [{rate.prefix for rate in one.rates} - {""} for one in settings.operators.values()]
    assert sorted(prefix for prefixes in own for prefix in prefixes) == [f"2376{digit}" for digit in range(10)]


def test_kannels_file_has_a_group_for_every_bind(tmp_path: Path) -> None:
    written = configuration(asked("--operators", "2", "--binds", "3", "--window", "77"), tmp_path, 1, 2, 3, 4)
    groups = [dict(line.split(" = ") for line in group.splitlines()) for group in written.split("\n\n")]
    binds = [group for group in groups if group["group"] == "smsc"]
    assert [group["smsc-username"] for group in binds] == ["bench-0"] * 3 + ["bench-1"] * 3
    assert {(group["port"], group["max-pending-submits"]) for group in binds} == {("1", "77")}
    assert groups[0]["store-type"] == "spool"
    assert {key: value for key, value in groups[0].items() if key.endswith("-interface")} == {
        "admin-interface": "127.0.0.1",
        "smsbox-interface": "127.0.0.1",
    }


def test_without_kannel_it_says_how_to_have_it(monkeypatch, capsys) -> None:
    monkeypatch.setattr(bench_main, "boxes", lambda: None)
    assert main(["bench", "--against", "kannel"]) == 0
    assert capsys.readouterr().out == MISSING + "\n"


# --- arithmetic ---


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.01, 1), (0.5, 50), (0.501, 51), (0.99, 99), (0.999, 100), (1.0, 100)]
)
def test_percentiles_are_by_the_nearest_rank(share: float, expected: int) -> None:
    assert percentile(range(1, 101), share) == expected


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.001, 1))
def test_a_percentile_has_its_share_at_or_below(values: list[float], share: float) -> None:
    found = percentile(sorted(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) <= share * len(values) + 1e-6


def test_a_spread_is_in_milliseconds() -> None:
    found = spread([place / 1000 for place in range(1000, 0, -1)])
    assert found is not None
    assert (found.p50, found.p99, found.p999, found.longest) == (500, 990, 999, 1000)
    assert spread([]) is None


def seen(*at: float, times: bytes | None = None, strange: int = 0, states: dict[str, int] | None = None) -> Seen:
    counts = bytes(one >= 0 for one in at) if times is None else times
    return Seen(array("d", at), bytearray(counts), states or {"delivered": sum(counts)}, strange)


def measured(name: str = "most", speed: float = 1.0) -> Figures:
    """Three requests of two messages, at 10.0, 10.5 and 11.0; the last of five messages alone; the second refused."""
    times = Times(array("d", (10.0, 10.5, 11.0)), array("d", (10.1, -1.0, 11.3)))
    processes = ("daemon", "simulator", "load", "sink")
    before = Snapshot(dict.fromkeys(processes, 1.0), dict.fromkeys(processes, 50.0), {"store_commit_seconds_count": 5})
    after = Snapshot(
        {"daemon": 1.3, "simulator": 1.03, "load": 1.0, "sink": 1.0},
        dict.fromkeys(processes, 80.0),
        {
            "store_commit_seconds_count": 9,
            "store_commit_seconds_sum": 0.02 * speed,
            "store_batch_size_sum": 40,
            "store_batch_size_count": 4,
        },
    )
    samples = [Sample(10.0 + place / 10, 1.0 + place / 20, 60.0) for place in range(20)]
    leg = Leg(name, 4, 5, 2, 3, 0.0, times, before, after, samples)
    return figures(leg, seen(9.0, 9.1, 9.2, 9.3, 10.4, 10.6, -1.0, -1.0, 12.0))


def test_figures_are_of_this_legs_messages_alone() -> None:
    found = measured()
    assert found.seconds == 2.0
    assert found.accepted_per_second == round(3 / 1.3, 1)
    assert found.end_to_end_per_second == 1.5
    assert found.cpu_us["daemon"] == found.gateway_cpu_us == 100_000
    assert found.cpu_us["simulator"] == 10_000
    assert found.accept_ms is not None
    assert (found.accept_ms.p50, found.accept_ms.longest) == (100, 300)
    assert found.event_ms is not None
    assert (found.event_ms.p50, found.event_ms.longest) == (600, 1000)
    assert found.commits is not None
    assert (found.commits.per_second, found.commits.milliseconds, found.commits.writes) == (2, 5, 10)
    assert sum(point.events for point in found.series) * 0.2 == pytest.approx(3)
    assert sum(point.accepted for point in found.series) * 0.2 == pytest.approx(4)  # by request
    assert found.series[2].accept_p50 is None
    assert {point.cpu for point in found.series[:-1]} == {0.5}


def test_a_leg_in_which_nothing_happened_has_figures() -> None:
    empty = Snapshot({"daemon": 1.0}, {"daemon": 1.0}, {})
    found = figures(Leg("most", 0, 0, 1, 0, 0.0, Times(array("d"), array("d")), empty, empty, []), seen())
    assert (found.accepted_per_second, found.end_to_end_per_second, found.accept_ms) == (0, 0, None)


def test_times_and_what_was_seen_come_back_from_their_files(tmp_path: Path) -> None:
    times = Times(array("d", (1.5, 2.5)), array("d", (2.0, -1.0)))
    times.write(tmp_path / "times")
    assert Times.read(tmp_path / "times") == times
    for one in (seen(1.5, -1.0, 3.25, strange=4, states={"delivered": 2, "expired": 1}), seen()):
        one.write(tmp_path / "seen")
        assert Seen.read(tmp_path / "seen") == one


# --- the check ---


def found(
    accepted: bytes = b"\1\1\1", submits: bytes = b"\1\1\1", events: bytes = b"\1\1\1", short_messages: int = 1, **more
) -> dict[str, int]:
    told = seen(*(0.0 for _ in events), times=events, **more)
    return {one.what: one.count for one in faults(bytearray(accepted), short_messages, bytearray(submits), told, 0)}


def test_nothing_is_wrong_where_everything_came_once() -> None:
    assert found() == {}
    assert found(events=b"\1\1\1" + bytes(100)) == {}
    assert found(submits=b"\3\3\3", short_messages=3) == {}


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"submits": b"\1\0\1"}, "missing at the operator"),
        ({"submits": b"\1\1"}, "missing at the operator"),
        ({"submits": b"\3\3\2", "short_messages": 3}, "missing at the operator"),
        ({"submits": b"\1\2\1"}, "doubled at the operator"),
        ({"events": b"\1\1\0"}, "without a final event"),
        ({"events": b"\1\1"}, "without a final event"),
        ({"events": b"\2\1\1"}, "with more than one final event"),
        ({"accepted": b"\1\1\0", "events": b"\1\1\0"}, "never accepted, but sent or told"),
        ({"events": b"\1\1\1\1"}, "never accepted, but sent or told"),
        ({"strange": 1}, "events without our reference"),
        ({"states": {"delivered": 2, "undelivered": 1}}, "ended as undelivered"),
    ],
)
def test_one_thing_wrong_is_told(given: dict, what: str) -> None:
    assert found(**given) == {what: 1}


@given(st.data())
def test_whatever_is_lost_or_doubled_is_told(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 40))
    counts = st.lists(st.integers(0, 3), min_size=size, max_size=size).map(bytes)
    submits, events = data.draw(counts), data.draw(counts)
    told = found(b"\1" * size, submits, events, states={})
    assert told.get("missing at the operator", 0) == submits.count(0)
    assert told.get("doubled at the operator", 0) == size - submits.count(0) - submits.count(1)
    assert told.get("without a final event", 0) == events.count(0)
    assert told.get("with more than one final event", 0) == size - events.count(0) - events.count(1)
    assert (told == {}) == (submits == events == b"\1" * size)


def test_refusals_count_and_examples_are_few() -> None:
    (refused,) = faults(bytearray(b"\0"), 1, bytearray(), seen(), 1)
    assert str(refused) == "refused: 1"
    (missing,) = faults(bytearray(b"\1" * 9), 1, bytearray(9), seen(*range(9)), 0)
    assert str(missing).startswith(f"missing at the operator: 9 ({number(0)}, {number(1)}")
    assert str(missing).endswith("...)")


def test_the_simulators_file_is_counted_by_message() -> None:
    lines = [f"{number(0)[1:]} 0\n", f"{number(2)} 0\n", f"{number(2)} -\n", f"{number(1)} 88\n"]
    assert counted(lines, 4) == bytearray(b"\1\0\2\0")
    with pytest.raises(IndexError):
        counted([f"{number(4)} 0\n"], 4)


# --- what is shown ---


def a_report(*legs: Figures, wrong: tuple[Fault, ...] = (), **changes: object) -> Report:
    return msgspec.structs.replace(report(asked(), list(legs), list(wrong)), **changes)


def shown(showing) -> str:
    console = Console(width=200, record=True, quiet=True)
    showing(console)
    with console.capture() as captured:
        console.quiet = False
        showing(console)
    return captured.get()


def test_a_report_comes_back_from_json() -> None:
    one = a_report(measured(), wrong=(Fault("refused", 1, []),))
    assert msgspec.json.decode(msgspec.json.encode(one), type=Report) == one


def test_tables_say_what_is_wrong() -> None:
    assert "once at its operator" in shown(lambda console: show(a_report(measured()), console))
    told = shown(lambda console: show(a_report(measured(), wrong=(Fault("refused", 7, []),)), console))
    assert "not as it must be: refused: 7" in told
    assert "once at its operator" not in told


def test_ratios_are_of_what_both_have() -> None:
    now, before = measured(speed=3.0), measured()
    ratios = {name: ratio for name, _, _, ratio in compare.ratios(now, before)}
    assert ratios["a commit, ms"] == pytest.approx(3.0)
    assert ratios["end to end/s"] == 1.0
    assert ratios["CPU of load, µs a message"] is None  # nothing to divide by
    without = msgspec.structs.replace(before, commits=None, accept_ms=None)
    assert not {"a commit, ms", "accept p50, ms"} & {name for name, *_ in compare.ratios(now, without)}


def test_a_comparison_says_what_was_not_alike() -> None:
    now = a_report(measured(), measured("at 80%"))
    before = a_report(measured(), options=asked("--single", "--folder", "/"))
    told = shown(lambda console: compare.show(now, before, console))
    assert "batch was 1, is 100" in told
    assert "folder" not in told
    assert "at 80%" not in told
    assert "1.00" in told


def test_peers_stand_beside_kannel() -> None:
    middle = measured()
    comparison = peers.Comparison(
        at="2026-01-02T03:04:05+00:00",
        version="1",
        machine=a_report().machine,
        peers=[
            peers.Peer("Kannel", asked("--single"), [middle], 1000.0, 1.0, []),
            peers.Peer("ours", asked(), [middle], 2500.0, 2.5, [Fault("refused", 3, [])]),
        ],
    )
    told = shown(lambda console: peers.show(comparison, console))
    assert "2,500" in told
    assert "2.5" in told
    assert "ours, not as it must be: refused: 3" in told


@pytest.mark.deep
def test_a_picture_is_drawn_where_there_is_matplotlib(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason=plot.MISSING)
    file = tmp_path / "bench.png"
    plot.plot(a_report(measured(), measured("at 80%")), file)
    assert file.read_bytes().startswith(b"\x89PNG")
