import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.metrics import COUNTERS, GAUGES, HISTOGRAMS, PrometheusMetrics
from router.ports.watching import GaugeSample, Metrics

CONTRACT = {
    "messages_accepted_total": ("account", "channel"),
    "messages_refused_total": ("code",),
    "messages_final_total": ("operator", "state"),
    "parts_submitted_total": ("operator", "outcome"),
    "spend_total": ("operator", "currency"),
    "receipts_total": ("operator", "result"),
    "queue_messages": ("operator", "class"),
    "queue_oldest_seconds": ("operator",),
    "binds": ("operator", "state"),
    "window_in_use": ("operator",),
    "throttle_factor": ("operator",),
    "accept_seconds": (),
    "submit_seconds": ("operator",),
    "receipt_seconds": ("operator",),
    "store_commit_seconds": (),
    "store_batch_size": (),
    "receipt_quality": ("operator", "check"),
    "events_total": ("type",),
    "webhook_backlog": ("account",),
    "plan_version": (),
    "lookups_total": ("source", "result"),
    "lookup_seconds": (),
}


def samples(metrics: PrometheusMetrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def read(metrics: PrometheusMetrics, name: str, **labels: str) -> float:
    return samples(metrics)["carrier_router_" + name, frozenset(labels.items())]


def use_each_once(metrics: Metrics) -> None:
    metrics.accepted("acme", "sms", 1)
    metrics.refused("invalid_number")
    metrics.final("mtn-cm", "delivered")
    metrics.submitted("mtn-cm", "accepted", [0.2])
    metrics.spent("mtn-cm", "XAF", 0.02)
    metrics.receipts("mtn-cm", "matched", 1, 4.0)
    metrics.event("message.delivered", 1)
    metrics.accept_seconds(0.003)
    metrics.commit(0.002, 40)
    metrics.lookup("hlr", "found")
    metrics.lookup_seconds(0.12)


def gauges() -> list[GaugeSample]:
    return [
        GaugeSample("queue_messages", ("mtn-cm", "otp"), 3),
        GaugeSample("queue_oldest_seconds", ("mtn-cm",), 1.5),
        GaugeSample("binds", ("mtn-cm", "bound_trx"), 2),
        GaugeSample("window_in_use", ("mtn-cm",), 7),
        GaugeSample("throttle_factor", ("mtn-cm",), 0.5),
        GaugeSample("receipt_quality", ("mtn-cm", "too_fast"), 1),
        GaugeSample("webhook_backlog", ("acme",), 12),
        GaugeSample("webhook_parked", ("acme",), 0),
        GaugeSample("plan_version", (), 4),
    ]


def test_every_metric_of_the_contract_is_there_after_one_use() -> None:
    metrics = PrometheusMetrics()
    use_each_once(metrics)
    metrics.watch(gauges)
    found = samples(metrics)
    for name, labels in CONTRACT.items():
        full = "carrier_router_" + name
        histogram = name in {metric.name for metric in HISTOGRAMS}
        rows = [dict(row) for sample, row in found if sample == (full + "_count" if histogram else full)]
        assert [set(row) for row in rows] == [set(labels)], name


def test_nothing_is_declared_twice_and_each_has_its_sentence() -> None:
    declared = [*COUNTERS, *HISTOGRAMS, *GAUGES]
    names = [metric.name for metric in declared]
    assert len(names) == len(set(names))
    assert set(CONTRACT) <= set(names)
    for metric in declared:
        assert metric.help.endswith(".")
        assert metric.name.endswith("_total") == (metric in COUNTERS)
    for metric in HISTOGRAMS:
        assert list(metric.buckets) == sorted(set(metric.buckets))


def test_counters_count_each_label_set_apart() -> None:
    metrics = PrometheusMetrics()
    metrics.accepted("acme", "sms", 2)
    metrics.accepted("acme", "sms", 1)
    metrics.accepted("acme", "voice", 1)
    assert read(metrics, "messages_accepted_total", account="acme", channel="sms") == 3
    assert read(metrics, "messages_accepted_total", account="acme", channel="voice") == 1


@pytest.mark.parametrize(
    ("value", "below", "within"),
    [(0.0, None, "0.0005"), (0.0005, None, "0.0005"), (0.00051, "0.0005", "0.001"), (10.0, "5.0", "10.0")],
)
def test_a_bound_belongs_to_its_bucket(value: float, below: str | None, within: str) -> None:
    metrics = PrometheusMetrics()
    metrics.accept_seconds(value)
    assert read(metrics, "accept_seconds_bucket", le=within) == 1
    if below is not None:
        assert read(metrics, "accept_seconds_bucket", le=below) == 0


def test_a_receipt_without_a_known_answer_has_no_delay() -> None:
    metrics = PrometheusMetrics()
    metrics.receipts("mtn-cm", "matched", 1, 4.0)
    metrics.receipts("mtn-cm", "unmatched", 1)
    assert read(metrics, "receipt_seconds_count", operator="mtn-cm") == 1
    assert read(metrics, "receipts_total", operator="mtn-cm", result="unmatched") == 1


def test_histogram_buckets_are_cumulative_with_count_and_sum() -> None:
    metrics = PrometheusMetrics()
    metrics.submitted("mtn-cm", "accepted", (0.01, 0.3, 7.0))
    metrics.submitted("mtn-cm", "accepted", (0.3, 1e9))
    bucket = [
        read(metrics, "submit_seconds_bucket", operator="mtn-cm", le=le) for le in ("0.05", "0.5", "10.0", "+Inf")
    ]
    assert bucket == [1, 3, 4, 5]
    assert read(metrics, "submit_seconds_count", operator="mtn-cm") == 5
    assert read(metrics, "submit_seconds_sum", operator="mtn-cm") == pytest.approx(1e9 + 7.61)


def test_gauges_are_read_at_each_scrape() -> None:
    metrics = PrometheusMetrics()
    level = 0

    def source() -> list[GaugeSample]:
        return [GaugeSample("plan_version", (), level)]

    metrics.watch(source)
    assert read(metrics, "plan_version") == 0
    level = 9
    assert read(metrics, "plan_version") == 9


def test_what_is_read_is_what_is_rendered() -> None:
    metrics = PrometheusMetrics()
    use_each_once(metrics)
    metrics.watch(gauges)
    reading = metrics.read()
    for counted in COUNTERS:
        for values, count in reading.counts[counted.name].items():
            assert read(metrics, counted.name, **dict(zip(counted.labels, values, strict=True))) == count
    for measured in HISTOGRAMS:
        found = reading.histograms[measured.name]
        assert found.bounds == measured.buckets
        for values, row in found.rows.items():
            labels = dict(zip(measured.labels, values, strict=True))
            assert read(metrics, f"{measured.name}_count", **labels) == sum(row[:-1])
            assert read(metrics, f"{measured.name}_sum", **labels) == row[-1]
    assert list(reading.gauges) == gauges()


def test_hostile_label_values_stay_one_sample() -> None:
    metrics = PrometheusMetrics()
    name = 'a"b\\c\nd{}'
    metrics.accepted(name, "sms", 1)
    assert read(metrics, "messages_accepted_total", account=name, channel="sms") == 1


def test_process_metrics_are_there_and_two_instances_do_not_meet() -> None:
    first, second = PrometheusMetrics(), PrometheusMetrics()
    first.refused("too_long")
    names = {name for name, _ in samples(second)}
    assert "process_resident_memory_bytes" in names
    assert "python_info" in names
    assert "carrier_router_messages_refused_total" not in names
