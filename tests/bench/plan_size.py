"""What a million rates cost: seconds to load, memory, microseconds for a decision.

python -m tests.bench.plan_size [--rates 1000000] [--operators 5] [--together]
"""

import argparse
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

from adapters.config_yaml import load
from router.routing.plan import RoutePlan
from router.routing.route import RouteQuery
from router.routing.terms import Ranker
from tests.routing.values import remembered

NOW = 1_798_761_600_000
CODES = ("1", "7", "20", "27", "33", "44", "49", "52", "55", "62", "86", "91", "221", "225", "233", "234", "237", "254")
OPERATOR = """\
operator: op{index}
link: {{host: smsc.example, port: 2775, system_id: acme, password: secret}}
rates: [{{prefix: "", price: "0.0900"}}]
rates_file: ../rates/op{index}.csv
currency: EUR
"""


def write_cards(folder: Path, rates: int, operators: int, together: bool) -> list[str]:
    """A configuration of so many rates, of 8 to 10 digits. Gives the prefixes; `together`: every operator sells the
    same ones, else each its own."""
    chance = random.Random(7)
    for part in ("operators", "rates"):
        (folder / part).mkdir()
    (folder / "router.yaml").write_text("{}\n")
    (folder / "accounts.yaml").write_text("")
    (folder / "routes.yaml").write_text(
        'currencies: {base: XAF, EUR: [{rate: "655.957"}, {rate: "656", from: 2028-01-01}]}'
    )
    each = rates // operators
    numbers: set[str] = set()
    wanted = each if together else each * operators
    while len(numbers) < wanted:
        code = chance.choice(CODES)
        numbers.add(code + "".join(chance.choices("0123456789", k=chance.randint(8, 10) - len(code))))
    prefixes = sorted(numbers)
    chance.shuffle(prefixes)
    for index in range(operators):
        (folder / f"operators/op{index}.yaml").write_text(OPERATOR.format(index=index))
        with (folder / f"rates/op{index}.csv").open("w") as card:
            card.write("prefix,mcc,mnc,price,currency,effective_from,effective_to\n")
            for prefix in prefixes[:each] if together else prefixes[index * each : (index + 1) * each]:
                start = "2027-01-01" if chance.random() < 0.1 else ""
                network = f"6{prefix[:2]:0>2},0{prefix[-1]}"
                card.write(f"{prefix},{network},{chance.randint(1, 900) / 10_000:.4f},EUR,{start},\n")
    return prefixes


def megabytes() -> float:
    """Resident now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def per_call(call: Callable[[RouteQuery], object], queries: Iterator[RouteQuery]) -> float:
    """Microseconds, the best of many short rounds, which others on the machine disturbed least."""
    best = float("inf")
    for _ in range(100):
        some = [next(queries) for _ in range(1000)]
        began = time.perf_counter()
        for query in some:
            call(query)
        best = min(best, time.perf_counter() - began)
    return best / 1000 * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, default=1_000_000)
    parser.add_argument("--operators", type=int, default=5)
    parser.add_argument("--together", action="store_true", help="all operators sell the same prefixes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        # Another process writes, so that its memory is not counted here.
        writer = os.fork()
        if not writer:
            write_cards(Path(name), arguments.rates, arguments.operators, arguments.together)
            os._exit(0)
        os.waitpid(writer, 0)
        empty = megabytes()
        began = time.perf_counter()
        settings = load(Path(name) / "router.yaml", {})
        loaded = time.perf_counter()
        plan = RoutePlan(settings, 1)
        built = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(
        f"{sum(len(one.rates) for one in settings.operators.values()):,} rates of {len(settings.operators)} operators"
    )
    print(f"{'load and check the files':34} {loaded - began:7.2f} s")
    print(f"{'build the plan':34} {built - loaded:7.2f} s")
    print(f"{'resident, of that before the load':34} {megabytes():7.0f} MB {empty:7.0f} MB")
    print(f"{'resident at most':34} {peak:7.0f} MB")

    chance = random.Random(8)
    prefixes = [rate.prefix for one in settings.operators.values() for rate in one.rates if rate.prefix]
    sample = chance.sample(prefixes, min(200_000, len(prefixes)))
    networks = [("6" + prefix[:2], "0" + prefix[-2]) for prefix in sample]
    ranker = Ranker(plan)
    few = cycle([RouteQuery(f"+{prefix}123", NOW) for prefix in sample[:1000]])
    new = cycle([RouteQuery(f"+{prefix}123", NOW) for prefix in sample[1000:]])
    ported = cycle(
        [RouteQuery(f"+{prefix}123", NOW, network=one) for prefix, one in zip(sample, networks, strict=True)]
    )
    for what, queries in (("remembered", few), ("not remembered", new), ("not remembered, looked up", ported)):
        print(f"{f'decision, {what}':34} {per_call(lambda one: remembered(ranker, one), queries):7.2f} µs")


if __name__ == "__main__":
    sys.exit(main())
