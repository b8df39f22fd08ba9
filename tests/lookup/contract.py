"""What every NumberLookup does. A source under test knows +237670000001 as 624-02 and nothing else."""

import asyncio
import random

from router.ports.lookups import Found, NumberLookup

PORTED, OTHER = "+237670000001", "+237670000002"
CM = Found(("624", "02"))


async def look(source: NumberLookup, number: str) -> Found:
    found = source.known(number)
    return found if found is not None else (await source.ask((number,)))[number]


class NumberLookupContract:
    """Subclasses give the fixture `source`."""

    async def test_a_number_that_it_knows(self, source: NumberLookup) -> None:
        assert await look(source, PORTED) == CM
        assert source.known(PORTED) == CM

    async def test_a_number_that_it_does_not_know(self, source: NumberLookup) -> None:
        assert (await look(source, OTHER)).network is None
        found = source.known(OTHER)
        assert found is not None
        assert found.network is None

    async def test_many_at_once(self, source: NumberLookup) -> None:
        numbers = [f"+23767000{number:04d}" for number in range(300)]
        answered = await source.ask(numbers)
        assert set(answered) == set(numbers)
        assert [number for number in numbers if answered[number].network] == [PORTED]

    async def test_the_same_from_many_sides(self, source: NumberLookup) -> None:
        answered = await asyncio.gather(*(source.ask((PORTED, OTHER)) for _ in range(20)))
        assert all(one[PORTED] == CM and one[OTHER].network is None for one in answered)

    async def test_nothing_is_asked(self, source: NumberLookup) -> None:
        assert await source.ask(()) == {}

    async def test_it_says_who_it_is(self, source: NumberLookup) -> None:
        assert source.name in ("table", "hlr")
        assert source.budget >= 0.0

    async def test_closed_twice(self, source: NumberLookup) -> None:
        await look(source, PORTED)
        await source.close()
        await source.close()

    async def test_any_number(self, source: NumberLookup) -> None:
        chance = random.Random(1)
        for _ in range(1000):
            length = chance.randrange(7, 16)
            digits = str(chance.randrange(10 ** (length - 1), 10**length))
            found = source.known("+" + digits)
            assert found is None or found.network is None
