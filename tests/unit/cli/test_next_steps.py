"""What a kept demo prints for each of its users."""

import shlex
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from demo.next_steps import next_steps, own_command

CONFIG = Path(".floodline/demo/20261123-0401 b/floodline.toml")
ADDRESSES = {"console": "http://127.0.0.1:8080", "key": "fl_secret"}


def test_each_user_gets_a_command_that_can_be_pasted() -> None:
    """An address and a key, and commands of this program with the demo's configuration."""
    lines = [
        shlex.split(line)
        for line in next_steps("bin/floodline", CONFIG, ADDRESSES).splitlines()
        if line.startswith(("  curl", "  bin/floodline"))
    ]
    curl, threshold, verify = lines
    assert curl[2:] == [
        "Authorization: Bearer fl_secret",
        f"{ADDRESSES['console']}/api/v1/alerts?limit=1",
    ]
    assert threshold == ["bin/floodline", "threshold", "show", "--config", str(CONFIG)]
    assert verify == ["bin/floodline", "verify", "--config", str(CONFIG)]
    for words in (threshold, verify):
        assert CliRunner().invoke(app, [*words[1:], "--help"]).exit_code == 0


def test_the_command_is_the_one_that_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `make demo` starts it, by the path; as a module, by the interpreter."""
    monkeypatch.setattr(sys, "argv", [".venv/bin/floodline", "demo", "--keep"])
    assert own_command() == ".venv/bin/floodline"
    monkeypatch.setattr(sys, "argv", ["/a/floodline/launcher.py", "demo"])
    assert own_command() == f"{shlex.quote(sys.executable)} -m floodline.launcher"
