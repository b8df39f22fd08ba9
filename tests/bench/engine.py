"""The engine and the store alone, without sockets: CPU per message from submit to its last event.

python -m tests.bench.engine [--messages 20000] [--batch 100] [--profile]
"""

import argparse
import asyncio
import cProfile
import gc
import json
import pstats
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from router.message import Message
from router.outcome import Outcome, OutcomeKind
from router.ports.operators import Submission
from router.receipt import Receipt, ReceiptState
from tests.engine.rig import HandOperator, Rig, operator, settings, wish
from tests.processes import plain_number

TEXT = "Your code is 493027. It is valid for ten minutes; do not pass it on to anyone, please. ACME"


class PromptOperator(HandOperator):
    """Accepts everything in the next turn of the loop and sends the receipts in the one after."""

    def submit(self, submission: Submission) -> bool:
        if not self.written:
            asyncio.get_running_loop().call_soon(self._answer)
        self.written.append(submission)
        return True

    def _answer(self) -> None:
        written, self.written = self.written, []
        receipts = []
        results = []
        for submission in written:
            self._ids += 1
            results.append((submission, Outcome(OutcomeKind.ACCEPTED, f"{self._ids:010d}")))
            receipts.append((submission.message.to, f"{self._ids:010d}"))
        self.sink.settled(results)
        asyncio.get_running_loop().call_soon(self._receipts, receipts)

    def _receipts(self, receipts: list[tuple[str, str]]) -> None:
        now = time.time_ns() // 1_000_000
        self.sink.received(
            "mtn",
            [(Receipt("mtn", (identity,), ReceiptState.DELIVERED, to[1:], now), identity) for to, identity in receipts],
        )

    def acknowledge(self, tokens: Sequence[object], stored: bool) -> None: ...


async def run(messages: int, batch: int, profile: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(settings(operator("mtn")), Path(folder))
        rig.make_operator = PromptOperator
        rig.prepare_operator = lambda one: setattr(one, "window", 1000)
        async with rig:
            # As the daemon does.
            gc.freeze()
            gc.set_threshold(100_000, 50, 100)
            profiler = cProfile.Profile() if profile else None
            submits = [wish(to=plain_number(index), text=TEXT, sender="ACME") for index in range(messages)]
            done = asyncio.Semaphore(8)

            async def submit(first: int) -> None:
                async with done:
                    answered = await rig.submit_all(submits[first : first + batch])
                    assert all(isinstance(one, Message) for one in answered)

            cpu, wall = time.process_time(), time.perf_counter()
            if profiler is not None:
                profiler.enable()
            await asyncio.gather(*(submit(first) for first in range(0, messages, batch)))
            await rig.until(lambda: rig.metrics.counted["final", "mtn", "delivered"] == messages)
            await rig.settle()
            if profiler is not None:
                profiler.disable()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            if profiler is not None:
                pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
            print(
                json.dumps(
                    {
                        "messages": messages,
                        "batch": batch,
                        "cpu_us_per_message": round(cpu / messages * 1e6, 1),
                        "per_second": round(messages / wall),
                    }
                )
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.messages, arguments.batch, arguments.profile))


if __name__ == "__main__":
    main()
