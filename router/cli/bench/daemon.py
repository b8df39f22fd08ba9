"""Our own daemon as the gateway under test."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.request import urlopen

import yaml
from prometheus_client.parser import text_string_to_metric_families

from router.cli import children
from router.cli.bench import sink
from router.cli.bench.messages import text
from router.cli.bench.options import Options
from router.cli.bench.requests import ToRouter
from router.cli.bench.world import Gateway

_BOUND: Final = 10.0
"""Seconds until all binds must be up."""


@asynccontextmanager
async def daemon(options: Options, folder: Path, smsc: int, events: int) -> AsyncIterator[Gateway]:
    """A daemon whose binds are up. Raises Failed."""
    port = children.free_port()
    tokens = [secrets.token_hex(12) for _ in range(options.accounts)]
    for name, content in files(options, port, smsc, events, tokens).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False))
    url = f"http://127.0.0.1:{port}"
    async with children.daemon(folder, url) as process:
        await _bound(url, options.operators * options.binds)
        kind = sink.Kind(options.events)
        yield Gateway(
            {"daemon": process},
            port,
            ToRouter(tokens, text(options.encoding, options.length), options.encoding.value, options.batch),
            sink.Setup(kind, events if kind is sink.Kind.WEBHOOK else port, tokens),
            partial(counters, url),
        )


def files(options: Options, port: int, smsc: int, events: int, tokens: list[str]) -> dict[str, Any]:
    """The configuration by file name. Each operator is the cheapest for its share of the numbers, and has a rate for
    all the others too, so that every decision ranks all of them."""
    configuration: dict[str, Any] = {
        "router.yaml": {
            "http": {"listen": f"127.0.0.1:{port}"},
            "store": "sqlite:///data/router.db",
            "operators": "operators/",
            "routes": "routes.yaml",
            "accounts": "accounts.yaml",
            "webhooks": {"allow": ["127.0.0.0/8"]},
        },
        "routes.yaml": {"currencies": {"base": "XAF"}},
    }
    for place in range(options.operators):
        own = [{"prefix": f"2376{digit}", "price": "10"} for digit in range(10) if digit % options.operators == place]
        configuration[f"operators/operator-{place}.yaml"] = {
            "operator": f"operator-{place}",
            "link": {
                "host": "127.0.0.1",
                "port": smsc,
                "system_id": f"bench-{place}",
                "password": "bench",
                "binds": options.binds,
                "window": options.window,
                "response_timeout": "5s",
            },
            "currency": "XAF",
            "rates": [{"prefix": "", "price": str(20 + place)}, *own],
        }
    accounts = []
    for place, token in enumerate(tokens):
        account: dict[str, Any] = {"name": f"account-{place}", "token": token}
        if options.events == sink.Kind.WEBHOOK:
            url = f"http://127.0.0.1:{events}/"
            account["webhook"] = {"url": url, "secret": secrets.token_hex(16), "events": ["final"], "batch": 100}
        accounts.append(account)
    configuration["accounts.yaml"] = {"accounts": accounts}
    return configuration


async def counters(url: str) -> dict[str, float]:
    """/metrics by name, summed over all labels, without our prefix."""
    text = await asyncio.to_thread(lambda: urlopen(f"{url}/metrics", timeout=10).read().decode())
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if "le" not in sample.labels and sample.labels.get("state", "bound_trx") == "bound_trx":
                name = sample.name.removeprefix("carrier_router_")
                found[name] = found.get(name, 0.0) + sample.value
    return found


async def _bound(url: str, binds: int) -> None:
    ends = monotonic() + _BOUND
    while (await counters(url)).get("binds", 0.0) < binds:
        if monotonic() > ends:
            raise children.Failed(f"not all {binds} binds are up after {_BOUND:.0f} s")
        await asyncio.sleep(0.05)
