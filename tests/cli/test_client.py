"""The commands that ask a daemon, against the HTTP API on a real socket."""

import asyncio
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.http.app import ANSWERS, App
from adapters.web.server import HttpServer
from router.__main__ import main
from router.engine.control import ReceiptFlag
from router.message import Attempt, Part, State
from router.outcome import OutcomeKind
from router.ports.store import MessagesFound, StoreUnavailable
from router.receipt import ReceiptState
from router.routing.quality import Quality
from router.settings import HttpSettings
from tests.http.fakes import ADMIN_TOKEN, NOW, TOKEN, Engine


@pytest.fixture
def daemon(monkeypatch):
    """The API over a fake engine, on a loop in a thread of its own; the environment leads there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def on_loop(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)

    async def start():
        engine = Engine()
        app = App(engine.services(), HttpSettings(admin_token=object()))
        server = HttpServer(app, "127.0.0.1", 0, on_stop=app.stop, answers=ANSWERS)
        return engine, server, await server.start()

    engine, server, port = on_loop(start())
    engine.on_loop, engine.server = on_loop, server
    monkeypatch.setenv("CARRIER_ROUTER_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("CARRIER_ROUTER_TOKEN", TOKEN)
    monkeypatch.setenv("CARRIER_ROUTER_ADMIN_TOKEN", ADMIN_TOKEN)
    monkeypatch.setenv("COLUMNS", "200")
    yield engine
    on_loop(server.stop(1))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def send(capsys, *more: str) -> dict:
    code, out, _ = run(capsys, "send", "--to", "+237670000001", "--text", "[bold]x[/]", "--json", *more)
    assert code == 0
    return json.loads(out)


def test_send_prints_the_message(daemon, capsys) -> None:
    code, out, err = run(
        capsys, "send", "--to", "+237670000001", "--text", "x", "--from", "[red]ACME", "--class", "otp"
    )
    assert (code, err) == (0, "")
    assert "queued" in out
    assert "[red]ACME" in out
    assert "0.0200 XAF" in out


def test_send_gives_every_option_on(daemon, capsys) -> None:
    message = send(
        capsys, "--reference", "r", "--channel", "voice", "--class", "marketing", "--send-at", "2030-01-01T00:00:00Z",
        "--expires-in", "60", "--receipts", "all", "--encoding", "ucs2", "--plan", "p", "--flash",
    )  # fmt: skip
    assert (message["reference"], message["channel"], message["class"], message["state"]) == (
        "r", "voice", "marketing", "scheduled",
    )  # fmt: skip


def test_send_an_email(daemon, capsys) -> None:
    id = send(capsys, "--option", "subject=a = b", "--option", "html=<p>")["id"]
    assert daemon.messages.stored[id].options == {"subject": "a = b", "html": "<p>"}
    with pytest.raises(SystemExit) as ended:
        run(capsys, "send", "--to", "+1", "--text", "x", "--option", "subject")
    assert ended.value.code == 2


def test_send_with_a_key_twice_is_one_message(daemon, capsys) -> None:
    first, second = (send(capsys, "--idempotency-key", "k") for _ in range(2))
    assert first == second
    assert len(daemon.messages.stored) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--reference", "refuse:unroutable"], "error: unroutable: as was asked for\n  in to\n"),
        (["--expires-in", "0"], "error: invalid_request: expected `int` >= 1\n  in expires_in\n"),
        (["--token", "zz"], "error: unauthorized: this token is not known\n"),
    ],
)
def test_a_refusal_is_said_on_stderr(arguments, said, daemon, capsys) -> None:
    assert run(capsys, "send", "--to", "+1", "--text", "x", *arguments) == (1, "", said)


def test_status_shows_parts_and_attempts(daemon, capsys) -> None:
    id = send(capsys)["id"]
    message = daemon.messages.stored[id]
    message.state = State.DELIVERED
    accepted = Attempt("mtn-cm", NOW, NOW, OutcomeKind.ACCEPTED, 0, "", "0A", ReceiptState.DELIVERED, "000", NOW)
    message.parts = [Part(1, State.DELIVERED, [Attempt("backup", NOW), accepted])]
    code, out, _ = run(capsys, "status", id)
    assert code == 0
    for word in ("delivered", "0A", "mtn-cm: accepted", "backup: no answer yet"):
        assert word in out
    assert "[bold]" not in out
    assert json.loads(run(capsys, "status", id, "--json")[1])["parts"][0]["smsc_message_id"] == "0A"


@pytest.mark.parametrize("id", ["42", "../../v1/plan", "a?b", "é"])
def test_status_of_nothing(id: str, daemon, capsys) -> None:
    code, out, err = run(capsys, "status", id)
    assert (code, out) == (1, "")
    assert err.startswith("error: not_found: ")


def test_events_are_listed_from_where_one_is(daemon, capsys) -> None:
    daemon.on_loop(daemon.feed.add(3))
    _, out, _ = run(capsys, "events", "--after", "1", "--limit", "1", "--json")
    assert json.loads(out)["next"] == 2
    code, out, _ = run(capsys, "events")
    assert code == 0
    assert out.count("message.delivered") == 3


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_events_are_followed_as_they_come(more, daemon, capsys) -> None:
    daemon.on_loop(daemon.feed.add(2))
    read = daemon.feed.read

    async def more_then_stop(account, after, limit, wait):
        if after == 2:
            await daemon.feed.add()
        if after == 3:
            raise StoreUnavailable
        return await read(account, after, limit, wait)

    daemon.feed.read = more_then_stop
    code, out, err = run(capsys, "events", "--follow", *more)
    assert len(out.splitlines()) == 3
    assert (code, err.split(":")[1]) == (1, " store_unavailable")


def test_operators_are_shown_and_steered(daemon, capsys) -> None:
    code, out, _ = run(capsys, "operators")
    assert code == 0
    for word in ("mtn-cm", "running", "1/1", "3/10", "7"):
        assert word in out
    for action, state in (("pause", "paused"), ("drain", "draining"), ("resume", "running")):
        _, out, _ = run(capsys, "operators", action, "mtn-cm", "--json")
        assert json.loads(out)["state"] == daemon.control.state == state
    code, _, err = run(capsys, "operators", "pause", "zz/../mtn-cm")
    assert code == 1
    assert "not_found" in err
    assert run(capsys, "operators", "pause")[0] == 2


def test_what_is_odd_about_receipts_is_shown(daemon, capsys) -> None:
    daemon.control.flags = [ReceiptFlag("624-01", "too_fast"), ReceiptFlag("624-02", "all_delivered")] + [
        ReceiptFlag(f"+{number}", "too_fast") for number in range(30, 37)
    ]
    _, out, _ = run(capsys, "operators")
    assert "too fast: 624-01, +30, +31, +32, +33 and 3 more; all delivered: 624-02" in " ".join(
        word for word in out.replace("│", " ").split()
    )


def test_a_running_daemon_explains_a_route(daemon, capsys) -> None:
    daemon.preview.quality = Quality("624-01", 0.75, 0.96, 300, 4, 250, 0, 0, 0, 0)
    code, out, err = run(capsys, "route", "--live", "+237670000001", "--class", "marketing", "--from", "ACME")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "+237670000001 (624-01): plan default"
    for word in ("mtn-cm", "no: paused", "0.75", "96%", "300 accepted, 4 refused, 250 delivered", "nobody can carry"):
        assert word in out
    assert "0 failed" not in out
    query = daemon.preview.queries[-1]
    assert (query.to, query.sender, query.traffic_class) == ("+237670000001", "ACME", "marketing")
    words = ["route", "--live", "+237670000001", "--json", "--at", "2027-01-01T00:00:00.5Z", "--plan", "p"]
    found = json.loads(run(capsys, *words)[1])
    assert found["candidates"][0]["quality"]["score"] == 0.75
    query = daemon.preview.queries[-1]
    assert (query.at, query.plan) == (1798761600500, "p")
    assert run(capsys, "route", "--live", "+1") == (
        1, "", "error: unroutable: no operator reaches this number\n  in to\n",
    )  # fmt: skip
    assert run(capsys, "route", "--live", "+237670000001", "--account", "acme")[0] == 2


def test_an_opt_out_list_is_kept(daemon, capsys) -> None:
    numbers = [f"+23767000000{number}" for number in range(3)]
    for number in numbers:
        code, out, err = run(capsys, "account", "unsubscribe", "acme", number)
        assert (code, err) == (0, "")
        assert [line.split() for line in out.splitlines()] == [
            ["account", "acme"], ["number", number], ["subscribed", "no"],
        ]  # fmt: skip
    code, out, _ = run(capsys, "account", "opt-outs", "acme")
    assert code == 0
    assert "3 opted out of acme" in out
    assert all(number in out for number in numbers)
    assert "more" not in out
    code, out, _ = run(capsys, "account", "opt-outs", "acme", "--limit", "1", "--after", numbers[0])
    assert numbers[1] in out
    assert out.splitlines()[-1] == f"more: --after {numbers[1]}"
    answer = json.loads(run(capsys, "account", "subscribe", "acme", numbers[0], "--json")[1])
    assert answer == {"account": "acme", "number": numbers[0], "subscribed": True}
    answer = json.loads(run(capsys, "account", "opt-outs", "acme", "--json")[1])
    assert answer == {"account": "acme", "count": 2, "numbers": numbers[1:], "next": None, "addresses": 0}
    assert {entry.action for entry in daemon.audit.entries} == {"account.unsubscribe", "account.subscribe"}


def test_lists_and_templates_are_made(daemon, capsys, tmp_path: Path) -> None:
    code, out, err = run(capsys, "account", "lists", "acme", "Friends", "--id", "42", "--subscribe-word", "JOIN")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["account", "acme"], ["id", "42"], ["name", "Friends"], ["subscribe_word", "JOIN"],
    ]  # fmt: skip
    code, out, err = run(capsys, "account", "lists", "acme", "Friends", "--id", "42")
    assert (code, out) == (1, "")
    assert err.startswith("error: number_taken: ")
    file = tmp_path / "contacts.csv"
    rows = [f'"+2376{70000000 + number}","Ada, {number}"' for number in range(1100)]
    file.write_text("\ufeffnumber,name\r\n" + "\r\n".join(rows) + "\r\n", "utf-8")
    words = ["account", "contacts", "acme", "7", "+237670000000", "--file", str(file), "--json"]
    answer = json.loads(run(capsys, *words)[1])
    assert answer == {"account": "acme", "list": 7, "added": 1100, "known": 1}
    there = daemon.directory._book.contacts.there
    assert there["+237670000007"].fields == {"name": "Ada, 7"}
    assert run(capsys, "account", "contacts", "acme", "8", "+237670000000")[2].startswith("error: not_found: ")
    answer = json.loads(run(capsys, "account", "templates", "acme", "Hi", "Hi {{name}}", "--json")[1])
    assert answer == {"account": "acme", "id": answer["id"], "name": "Hi", "content": "Hi {{name}}"}


@pytest.mark.parametrize(
    "content",
    [b"", b"phone\r\n+237670000001\r\n", b"number,name\r\n+2376\r\n", b"number\r\n1,2\r\n", b"number\r\n\xff", None],
)
def test_a_file_that_holds_no_contacts(content, daemon, capsys, tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    if content is not None:
        file.write_bytes(content)
    code, out, err = run(capsys, "account", "contacts", "acme", "7", "--file", str(file))
    assert (code, out) == (2, "")
    assert str(file) in err
    assert run(capsys, "account", "contacts", "acme", "7")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["unsubscribe", "zz/../acme", "+237670000001"], "not_found: "),
        (["subscribe", "acme", "670000001"], "invalid_number: no number"),
        (["opt-outs", "zz"], "not_found: there is no account 'zz'"),
        (["opt-outs", "acme", "--limit", "0"], "invalid_request: "),
        (["opt-outs", "acme", "--token", TOKEN], "forbidden: "),
    ],
)
def test_what_cannot_be_done_with_an_opt_out_list(arguments, said, daemon, capsys) -> None:
    code, out, err = run(capsys, "account", *arguments)
    assert (code, out) == (1, "")
    assert err.startswith(f"error: {said}")


def test_a_wallet_is_filled_and_shown(daemon, capsys) -> None:
    assert json.loads(run(capsys, "account", "credit", "acme", "100.00", "--json")[1]) == {
        "account": "acme", "balance": {"amount": "100.00", "currency": "XAF"},
    }  # fmt: skip
    code, out, err = run(capsys, "account", "credit", "acme", "-0.025")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [["account", "acme"], ["balance", "99.975", "XAF"]]
    code, out, _ = run(capsys, "account", "wallet", "acme")
    assert code == 0
    assert [row in out for row in ("debit", "-0.025 XAF", "credit", "100.00 XAF", "acme has 99.975 XAF")] == [True] * 5
    assert out.index("-0.025") < out.index("100.00 XAF")
    _, out, _ = run(capsys, "account", "wallet", "acme", "--limit", "1")
    assert out.splitlines()[-1] == "more: --before 2"
    answer = json.loads(run(capsys, "account", "wallet", "acme", "--before", "2", "--json")[1])
    assert [entry["no"] for entry in answer["entries"]] == [1]
    assert {entry.action for entry in daemon.audit.entries} == {"account.credit"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["credit", "zz", "1"], "not_found: there is no account 'zz'"),
        (["credit", "other", "1"], "wallet_off: the account 'other' has no wallet"),
        (["credit", "acme", "much"], "invalid_request: "),
        (["credit", "acme", "0.0000000001"], "invalid_request: an amount has at most 9 decimals"),
        (["credit", "acme", "1", "--token", TOKEN], "forbidden: "),
        (["wallet", "other"], "wallet_off: "),
        (["wallet", "acme", "--limit", "0"], "invalid_request: "),
    ],
)
def test_what_cannot_be_done_with_a_wallet(arguments, said, daemon, capsys) -> None:
    code, out, err = run(capsys, "account", *arguments)
    assert (code, out) == (1, "")
    assert err.startswith(f"error: {said}")


@pytest.mark.parametrize(
    "wrong",
    [[], ["credit"], ["credit", "acme"], ["wallet"], ["unsubscribe", "acme"], ["opt-outs"], ["opt-outs", "acme", "+1"]],
)
def test_an_account_command_that_is_none(wrong, daemon, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["account", *wrong])
    assert ended.value.code == 2


def test_reload_prints_what_is_wrong_where(daemon, capsys) -> None:
    code, out, _ = run(capsys, "reload")
    assert code == 0
    assert "version" in out
    daemon.control.errors = [("/etc/routes.yaml", 3, "unknown operator")]
    code, out, err = run(capsys, "reload")
    assert (code, out) == (1, "")
    assert err.splitlines()[0].startswith("error: invalid_config: ")
    assert err.splitlines()[1] == "/etc/routes.yaml:3: unknown operator"


def test_reload_shows_what_changed(daemon, capsys) -> None:
    code, out, err = run(capsys, "reload")
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][:3] == ["version", "3", "runs:"]
    assert ["operator", "new-cm", "added"] in lines
    assert ["operator", "mtn-cm", "link.password", "(secret)", "changed"] in lines
    assert ["operator", "mtn-cm", "binds", "all", "built", "anew"] in lines
    assert ["mtn-cm", "7", "added"] in lines
    assert ["237", "-", "0.0200", "XAF"] in lines
    assert ["and", "6", "more"] in lines
    assert json.loads(run(capsys, "reload", "--json")[1])["difference"]["binds"] == ["mtn-cm"]
    daemon.control.not_kept = "No space left on device"
    code, _, err = run(capsys, "reload")
    assert code == 0
    assert "could not be kept to go back to: No space left on device" in err


def test_going_back_says_that_the_files_stay(daemon, capsys) -> None:
    code, out, err = run(capsys, "reload", "--to", "2")
    assert (code, err) == (0, "")
    assert "as version 2 was" in out
    assert "The files on disk were left alone" in out
    code, out, err = run(capsys, "reload", "--to", "7")
    assert (code, out) == (1, "")
    assert err == "error: not_found: version 7 is not kept; there is 2\n  in version\n"


@pytest.mark.parametrize(
    "wrong", [["--to"], ["--to", "0"], ["--to", "x"], ["--to", "-1"], ["--to", "1", "--list"], ["--to", str(2**31)]]
)
def test_a_version_that_is_none(wrong, daemon, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["reload", *wrong])
    assert ended.value.code == 2


def test_the_kept_plans_are_listed(daemon, capsys) -> None:
    code, out, _ = run(capsys, "reload", "--list")
    assert code == 0
    for word in (
        "version 3 runs: 1 operator, 1 rate, 0 rules, 1 account",
        "3 (since 1)",
        "2027-01-01T00:00:00Z",
        "start",
    ):
        assert word in out
    assert json.loads(run(capsys, "reload", "--list", "--json")[1])["kept"][0]["first"] == 1


def test_the_account_token_is_not_the_admin_token(daemon, capsys, monkeypatch) -> None:
    monkeypatch.delenv("CARRIER_ROUTER_ADMIN_TOKEN")
    code, _, err = run(capsys, "reload")
    assert code == 2
    assert "CARRIER_ROUTER_ADMIN_TOKEN" in err
    code, _, err = run(capsys, "reload", "--token", TOKEN)
    assert (code, err) == (1, "error: forbidden: this call needs the admin token\n")


def test_nobody_listens(capsys) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        code, out, err = run(capsys, "status", "x", "--url", url, "--token", "t")
    assert (code, out) == (1, "")
    assert err == f"error: nothing listens at {url}; is the daemon running?\n"


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://x", "http://", "http://x:port", "http://[::1"])
def test_an_address_that_is_none(url: str, capsys) -> None:
    code, _, err = run(capsys, "status", "x", "--url", url, "--token", "t")
    assert code == 2
    assert url in err


@pytest.mark.parametrize(("status", "content"), [(200, b"<html>"), (404, b"{}"), (200, b"[]"), (502, b"\xff")])
def test_something_else_listens(status, content, capsys) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        code, _, err = run(capsys, "status", "x", "--url", url, "--token", "t")
        thread.join()
    assert code == 1
    assert f"what answers at {url} is not a carrier router" in err


@pytest.mark.parametrize(
    "command", ["send", "status", "events", "messages", "operators", "account subscribe", "reload"]
)
def test_help_tells_no_secret(command, daemon, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert "--json" in out
    assert TOKEN not in out
    assert ADMIN_TOKEN not in out


def test_messages_of_all_accounts_are_found(daemon, capsys) -> None:
    ids = [send(capsys, "--reference", f"r{number}", "--from", "[red]ACME")["id"] for number in range(3)]
    daemon.messages.stored[ids[1]].account = "other"
    daemon.messages.stored[ids[2]].state = State.DELIVERED
    code, out, err = run(capsys, "messages")
    assert (code, err) == (0, "")
    assert [out.index(id) for id in reversed(ids)] == sorted(out.index(id) for id in ids)
    for word in ("other", "[red]ACME", "+237670000001", "delivered"):
        assert word in out
    assert "[bold]x[/]" not in out
    for wanted, found in (
        (["--account", "other"], ids[1:2]),
        (["--state", "delivered"], ids[2:]),
        (["--reference", "r0", "--to", "+237670000001"], ids[:1]),
        (["--id", ids[1]], ids[1:2]),
        (["--to", "+237670000009"], []),
        (["--limit", "2"], ids[:0:-1]),
        (["--before", "2"], ids[:1]),
    ):
        code, out, _ = run(capsys, "messages", *wanted, "--json")
        assert (code, [one["id"] for one in json.loads(out)["messages"]]) == (0, found)


def test_a_search_for_messages_goes_on_where_an_answer_leads(daemon, capsys, monkeypatch) -> None:
    ids = [send(capsys)["id"] for _ in range(6)]
    search, asked = daemon.oversight.search, []

    async def little_at_a_time(query):
        """Every second answer holds nothing and leads on, as one does that has looked for long enough."""
        asked.append((query.before, query.limit))
        if len(asked) % 2 == 0:
            return MessagesFound([], query.before)
        return await search(replace(query, limit=min(2, query.limit)))

    monkeypatch.setattr(daemon.oversight, "search", little_at_a_time)
    code, out, err = run(capsys, "messages", "--limit", "5", "--json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert [one["id"] for one in answer["messages"]] == ids[:0:-1]
    assert answer["next"] == 2
    assert asked == [(None, 5), (5, 3), (5, 3), (3, 1), (3, 1)]
    monkeypatch.setattr(daemon.oversight, "search", search)
    code, out, err = run(capsys, "messages", "--limit", "4")
    assert (code, err) == (0, "older ones: --before 3\n")
    assert ids[2] in out
    assert ids[1] not in out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--limit", "0"], 1, "error: invalid_request: "),
        (["--before", "0"], 1, "error: invalid_request: "),
        (["--token", TOKEN], 1, "error: forbidden: "),
        (["--token", ""], 2, "error: give a token"),
        (["--state", "gone"], 2, "usage: "),
        (["--limit", "-1"], 2, "usage: "),
        (["--limit", "many"], 2, "usage: "),
        (["+237670000001"], 2, "usage: "),
    ],
)
def test_a_search_for_messages_that_is_refused(arguments, code, said, daemon, capsys, monkeypatch) -> None:
    monkeypatch.delenv("CARRIER_ROUTER_ADMIN_TOKEN")
    token = [] if "--token" in arguments else ["--token", ADMIN_TOKEN]
    try:
        ended = main(["messages", *token, *arguments])
    except SystemExit as usage:
        ended = usage.code
    out, err = capsys.readouterr()
    assert (ended, out) == (code, "")
    assert err.startswith(said)


def test_the_record_of_control_actions_is_shown(daemon, capsys) -> None:
    run(capsys, "operators", "pause", "mtn-cm")
    run(capsys, "reload")
    code, out, _ = run(capsys, "audit")
    assert code == 0
    for word in ("admin", "operator.pause", "mtn-cm", "plan.reload", "done"):
        assert word in out
    code, out, _ = run(capsys, "audit", "--after", "1", "--json")
    assert [entry["action"] for entry in json.loads(out)["entries"]] == ["plan.reload"]
    assert run(capsys, "audit", "--token", TOKEN)[0] == 1


def test_events_are_sent_to_the_webhook_again(daemon, capsys, monkeypatch) -> None:
    daemon.on_loop(daemon.feed.add(5))
    code, out, _ = run(capsys, "events", "--replay", "--json")
    assert (code, json.loads(out)) == (0, {"account": "acme", "after": 0, "events": 5})
    code, out, _ = run(capsys, "events", "--replay", "--account", "acme", "--after", "3", "--json")
    assert (code, json.loads(out)) == (0, {"account": "acme", "after": 3, "events": 2})
    assert [(one.who, one.subject) for one in daemon.audit.entries] == [("account:acme", "acme"), ("admin", "acme")]
    code, _, err = run(capsys, "events", "--replay", "--account", "zz")
    assert (code, err) == (1, "error: not_found: there is no such account with a webhook\n")
    assert run(capsys, "events", "--account", "acme")[0] == 2
    monkeypatch.delenv("CARRIER_ROUTER_ADMIN_TOKEN")
    assert run(capsys, "events", "--replay", "--account", "acme")[0] == 2
