from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.lookup.build import build
from adapters.lookup.table import PortedTable
from router.ports.lookups import NumberLookup
from tests.lookup.contract import NumberLookupContract


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[NumberLookup]:
    (tmp_path / "ported.csv").write_text("number,mcc,mnc\n237670000001,624,02\n")
    assert build(tmp_path / "ported.csv", tmp_path / "table") == {"rows": 1, "networks": 1}
    table = PortedTable(tmp_path / "table")
    yield table
    await table.close()


class TestPortedTable(NumberLookupContract):
    async def test_nothing_has_to_be_waited_for(self, source: NumberLookup) -> None:
        assert source.budget == 0.0
        assert source.known("+237670000002") is not None


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        PortedTable(tmp_path / "table")
