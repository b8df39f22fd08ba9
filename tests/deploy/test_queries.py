"""What alerts and dashboard ask for is what a running daemon tells, and each metric is documented as it is."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from adapters.metrics import COUNTERS, GAUGES, HISTOGRAMS, PREFIX
from tests.deploy import promql
from tests.processes import ROOT
from tests.scenarios.world import World, until

RULES = ROOT / "deploy" / "prometheus" / "carrier-router.rules.yml"
SAMPLES = sorted(RULES.parent.glob("*.test.yml"))
DASHBOARD = ROOT / "deploy" / "grafana" / "carrier-router.json"
PAGE = (ROOT / "docs" / "METRICS.md").read_text()
RUNBOOK = (ROOT / "docs" / "RUNBOOK.md").read_text()

# What Prometheus adds to every series of a scrape, and the one that it makes of each.
SCRAPED = {"job", "instance"}
UP = {"up": SCRAPED}
OPERATOR = "caps: {parts: 1000}\nreceipts: {timeout: 1h}"
ACCOUNT = "    wallet: prepaid\n    prices: [{prefix: '', price: '1'}]\n    inbound: [{to: '8080'}]\n"


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def dashboard_queries() -> Iterator[tuple[str, str]]:
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for variable in json.loads(DASHBOARD.read_text())["templating"]["list"]:
        if variable["type"] == "query":
            called = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"])
            assert called, variable
            yield variable["name"], f"sum by ({called[2]}) ({called[1]})"


def declared() -> dict[str, set[str]]:
    """The labels of every series that the daemon may expose, by its full name."""
    found = {f"{PREFIX}{metric.name}": set(metric.labels) for metric in (*COUNTERS, *GAUGES)}
    for metric in HISTOGRAMS:
        name, labels = f"{PREFIX}{metric.name}", set(metric.labels)
        found |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
    return found


def recorded() -> dict[str, set[str]]:
    """The series that the rules make, by the labels that they are grouped by."""
    return {rule["record"]: promql.read(rule["expr"]).grouped for rule in rules() if "record" in rule}


def unknown(query: str, known: dict[str, set[str]]) -> list[str]:
    """What the query asks for and is not there."""
    read = promql.read(query)
    assert read.selectors
    missing = [one.name for one in read.selectors if one.name not in known]
    labels: set[str] = set()
    for one in read.selectors:
        there = known.get(one.name, set()) | SCRAPED
        labels |= there
        missing += [f"{one.name}{{{label}}}" for label in one.labels if label not in there]
    return missing + [f"by {label}" for label in read.grouped - labels]


# --- the reader of queries itself ---


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ('rate(a_total{x="1"}[5m]) > 0.5', []),
        ("sum by (x, instance) (a_total) / ignoring (x) b offset 1d", []),
        ("histogram_quantile(0.9, sum by (le) (rate(h_bucket[$__rate_interval]))) or absent(b)", []),
        ("a_totl", ["a_totl"]),
        ('a_total{y=~"b{"}', ["a_total{y}"]),
        ("sum by (z) (a_total)", ["by z"]),
        ("b{x='(('}", ["b{x}"]),
    ],
)
def test_what_is_not_there_is_found(query: str, missing: list[str]) -> None:
    assert unknown(query, {"a_total": {"x"}, "b": set(), "h_bucket": {"le"}}) == missing


@pytest.mark.parametrize("query", ["rat(a[5m])", "sum(a", "a[5]", "a{x}", "a ? b", 'a{x="1"', "sum by a"])
def test_what_is_not_understood_is_an_error(query: str) -> None:
    with pytest.raises((ValueError, IndexError, StopIteration)):
        promql.read(query)


# --- against what is declared ---


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_for_what_there_is(rule: dict[str, Any]) -> None:
    known = declared() | recorded() | UP | {"process_start_time_seconds": set()}
    assert unknown(rule["expr"], known) == []


@pytest.mark.parametrize(("title", "query"), list(dashboard_queries()))
def test_a_panel_asks_for_what_there_is(title: str, query: str) -> None:
    process = ("process_cpu_seconds_total", "process_open_fds", "process_resident_memory_bytes")
    known = declared() | recorded() | {name: set() for name in process}
    assert unknown(query, known) == []


def test_every_metric_is_on_the_dashboard() -> None:
    shown = " ".join(query for _, query in dashboard_queries())
    assert [one.name for one in (*COUNTERS, *HISTOGRAMS, *GAUGES) if f"{PREFIX}{one.name}" not in shown] == []


def test_the_dashboard_holds_together() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    variables = {one["name"] for one in dashboard["templating"]["list"]}
    asked = set(re.findall(r"\$\{?(\w+)", DASHBOARD.read_text())) - {"__rate_interval", "__all"}
    assert asked <= variables
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        grid = panel["gridPos"]
        cells = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
        assert not cells & taken, panel["title"]
        assert grid["x"] + grid["w"] <= 24
        taken |= cells
    for panel in panels():
        assert panel["description"].endswith("."), panel["title"]


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_can_be_acted_on(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    assert alert["annotations"]["runbook"] == f"docs/RUNBOOK.md#{alert['alert'].lower()}"
    section = re.search(rf"^### {alert['alert']}$(.*?)(?=^##|\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert section, "it has no section in the runbook"
    for word in ("**Means**", "**Look**", "**Do**"):
        assert word in section[1]


def test_the_runbook_has_no_section_for_an_alert_that_is_not() -> None:
    listed = RUNBOOK.partition("## Alerts")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^### (\w+)$", listed, re.MULTILINE)) == sorted(one["alert"] for one in alerts())


def test_every_alert_has_samples_where_it_sounds() -> None:
    sounds = {
        case["alertname"]
        for samples in SAMPLES
        for one in yaml.safe_load(samples.read_text())["tests"]
        for case in one["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert sounds == {alert["alert"] for alert in alerts()}


def promtool(*words: str, cwd: Path) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("left out: no promtool on PATH (Debian: apt-get install prometheus)")
    ended = subprocess.run([tool, *words], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", RULES.name),
        ("test", "rules", *(samples.name for samples in SAMPLES)),
    ],
    ids=" ".join,
)
def test_by_promtool(words: tuple[str, ...]) -> None:
    promtool(*words, cwd=RULES.parent)


def test_panels_by_promtool(tmp_path: Path) -> None:
    """The real parser reads what ours did, as rules."""
    queries = [query.replace("$__rate_interval", "1m") for _, query in dashboard_queries()]
    made = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": made}]}))
    promtool("check", "rules", "panels.yml", cwd=tmp_path)


# --- the page ---


def test_the_page_documents_every_metric_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (counter|histogram|gauge) \| ([^|]+) \| ([^|]+) \| (.+) \|$", PAGE, re.MULTILINE)
    kinds = {"counter": COUNTERS, "histogram": HISTOGRAMS, "gauge": GAUGES}
    wanted = [
        (one.name, kind, ", ".join(f"`{label}`" for label in one.labels) or "-", one.help)
        for kind, metrics in kinds.items()
        for one in metrics
    ]
    assert [(name, kind, labels, meaning) for name, kind, _, labels, meaning in rows] == wanted
    for name, _, unit, _, _ in rows:
        assert name.endswith("_seconds") == (unit == "seconds"), name
        assert name.endswith("_bytes") == (unit == "octets"), name


def documented(metric: str, label: str) -> set[str]:
    """The words that a label of this metric may have; none where its values come from the configuration."""
    rows = re.findall(r"^\| (`.+?) \| (.+) \|$", PAGE.partition("## Labels")[2], re.MULTILINE)
    for heads, values in rows:
        names, _, of = heads.partition(" of ")
        if f"`{label}`" in names and of in ("", f"`{metric}`"):
            return set(re.findall(r"`([a-z_.]+)`", values))
    raise AssertionError(f"{label} of {metric} is not documented")


@pytest.mark.process
async def test_a_running_daemon_tells_what_is_documented(world: World) -> None:
    """Names, types and labels of a real scrape; nothing else, and no label with a value that nobody wrote down."""
    await world.operator(receipt_delay=0.05)
    world.configure(operator=OPERATOR, account=ACCOUNT)
    await world.start()
    async with world.client.post(
        "/v1/accounts/acme/credit",
        json={"amount": "100"},
        headers={"Authorization": "Bearer token-of-the-admin-5d90e7"},
    ) as paid:
        assert paid.status == 200, await paid.text()
    await world.delivered(await world.send(20))
    async with world.client.post("/v1/messages", json={"to": "1", "text": "no"}) as answer:
        assert answer.status == 422
    text = await until(lambda: scrape(world, "receipt_seconds_count"))
    types = {f"{PREFIX}{one.name}": "histogram" for one in HISTOGRAMS}
    types |= {f"{PREFIX}{one.name}": "gauge" for one in GAUGES}
    types |= {f"{PREFIX}{one.name.removesuffix('_total')}": "counter" for one in COUNTERS}
    known = declared()
    seen: set[str] = set()
    for family in text_string_to_metric_families(text):
        if not family.name.startswith(PREFIX):
            assert family.name.startswith(("process_", "python_")), family.name
            continue
        assert family.type == types[family.name]
        for sample in family.samples:
            assert set(sample.labels) == known[sample.name]
            seen.add(sample.name)
            for label, value in sample.labels.items():
                if label in ("account", "operator"):
                    assert value in ("acme", "mtn", "")
                elif label not in ("le", "code", "type", "currency"):
                    assert value in documented(
                        family.name.removeprefix(PREFIX) + "_total" * (family.type == "counter"), label
                    )
    # What alerts ask for is there from a day's first traffic on; the rest needs its own kind of traffic.
    for name in ("disk_free_bytes", "disk_size_bytes", "database_bytes", "operator_state", "wallet_balance", "binds",
                 "queue_oldest_seconds", "receipts_total", "parts_submitted_total", "store_commit_seconds_bucket",
                 "throttle_factor", "messages_refused_total", "plan_version"):  # fmt: skip
        assert f"{PREFIX}{name}" in seen
    samples = await world.metrics()
    assert 0 < samples.total("disk_free_bytes") < samples.total("disk_size_bytes")
    assert samples.total("database_bytes") >= (world.folder / "data" / "router.db").stat().st_size
    assert samples.total("operator_state", operator="mtn", state="up") == 1


async def scrape(world: World, name: str) -> str | None:
    """What /metrics says, once this is in it."""
    async with world.client.get("/metrics") as answer:
        text = await answer.text()
    return text if name in text else None
