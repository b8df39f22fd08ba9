"""The example file for a mail server, as an operator of the daemon would begin with it."""

from pathlib import Path

from adapters.config_yaml import load
from router.operator import SmtpLink
from router.receipt import ReceiptState

EXAMPLE = Path(__file__).parents[2] / "config" / "examples" / "email.yaml"


def test_it_loads(tmp_path: Path) -> None:
    (tmp_path / "operators").mkdir()
    (tmp_path / "operators" / "mail.yaml").write_text(EXAMPLE.read_text())
    (tmp_path / "accounts.yaml").write_text("accounts: [{name: acme}]\n")
    (tmp_path / "routes.yaml").write_text("currencies: {base: EUR}\n")
    (tmp_path / "router.yaml").write_text("")
    secrets = {"SMTP_PASSWORD": "password-Zq1", "SMTP_CALLBACK_SECRET": "callback-secret-Zq2"}
    operator = load(tmp_path / "router.yaml", secrets).operators["email"]
    assert operator.link == SmtpLink("smtp.example.org", 587, "starttls", "acme", "password-Zq1", "callback-secret-Zq2")
    assert operator.link.secrets == ("password-Zq1", "callback-secret-Zq2")
    assert operator.receipts.words == {"RELAYED": ReceiptState.DELIVERED}
    assert (operator.channel, operator.text.long, operator.errors) == ("email", "whole", {552: "reject"})
