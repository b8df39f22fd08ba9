"""All commands of the command line."""

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import pytest

import router.cli
from router.__main__ import COMMANDS, main


def test_every_command_is_there_and_tells_of_itself(capsys: pytest.CaptureFixture[str]) -> None:
    modules = [import_module(f"router.cli.{module.name}") for module in iter_modules(router.cli.__path__)]
    assert {one.__name__.rpartition(".")[2] for one in modules if hasattr(one, "add_parser")} == set(COMMANDS)
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines() if line.startswith("    ") and line[4] != " "] == [*COMMANDS]


def test_another_word_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sevre"])
    assert ended.value.code == 2
    assert "'serve'" in capsys.readouterr().err


@pytest.mark.process
def test_one_command_does_not_wait_for_what_others_need() -> None:
    script = "import sys\nfrom router.__main__ import main\ntry: main(['status', '--help'])\nexcept SystemExit: pass\n"
    needless = ("aiohttp", "apsw", "phonenumbers", "yaml")
    checked = script + f"sys.exit(str([one for one in {needless} if one in sys.modules] or ''))"
    ended = subprocess.run([sys.executable, "-c", checked], capture_output=True, text=True, timeout=60, check=False)
    assert ended.stderr.strip() == ""
