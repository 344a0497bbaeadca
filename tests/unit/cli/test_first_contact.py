"""What somebody sees who runs the program for the first time, or the demo for the second."""

from importlib.metadata import version
from pathlib import Path

from typer.testing import CliRunner

from cli.main import app
from floodline.errors import ConfigurationError


def test_it_tells_its_version() -> None:
    """One line, as other programs do."""
    told = CliRunner().invoke(app, ["--version"])
    assert told.output == f"floodline {version('floodline')}\n"
    assert told.exit_code == 0


def test_a_demo_does_not_run_into_an_earlier_one(tmp_path: Path) -> None:
    """It says which folder, and what to do, before it starts anything."""
    (tmp_path / "floodline.toml").write_text("", encoding="utf-8")
    told = CliRunner().invoke(app, ["demo", "--folder", str(tmp_path)])
    assert isinstance(told.exception, ConfigurationError)
    assert str(told.exception) == (
        f"{tmp_path} holds an earlier run: name another --folder, or remove it"
    )
    assert [each.name for each in tmp_path.iterdir()] == ["floodline.toml"]
