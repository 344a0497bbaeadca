"""`floodline simulate`, as a user runs it."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from cli.main import run
from tests.unit.simulation.streams import made_stream

Ran = tuple[int, str, str]
Command = Callable[..., Ran]
QUICK = ("--label", "truth", "--labels", "80", "--seeds", "2")


@pytest.fixture
def simulate(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    """`floodline simulate ...` in a folder with `s.csv`: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "s.csv", events=1_250)

    def ran(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["floodline", "simulate", *arguments])
        code = run()
        sys.stdout.flush()
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return ran


def written(file: Path, events: int) -> None:
    """A made stream as CSV, and as NPZ beside it."""
    stream = made_stream(events)
    with file.open("w", newline="") as text:
        lines = csv.writer(text)
        lines.writerow(["a", "b", "c", "d", "truth"])
        lines.writerows(
            [*row, int(real)]
            for row, real in zip(stream.rows.tolist(), stream.real.tolist(), strict=True)
        )
    np.savez(
        file.with_suffix(".npz"),
        X=stream.rows,
        y=stream.real.astype(np.int64),
        feature_names=["a", "b", "c", "d"],
    )


def figures(ran: Ran) -> dict[str, Any]:
    """The one object on stdout."""
    code, out, err = ran
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_the_installed_command_prints_one_object(simulate: Command, tmp_path: Path) -> None:
    """`--json`: the figures on stdout, nothing else there, and the same each time."""
    command = [sys.executable, "-m", "floodline.launcher", "simulate", "s.csv", *QUICK, "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=280, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["methods"]) == {"none", "threshold_only", "feedback", "aad"}
    for method in found["methods"].values():
        assert 0 < method["found"] <= method["labels"] <= 80
        assert 0 < method["average_precision"] <= 1
        assert [each["seed"] for each in method["runs"]] == [0, 1]
    promised = found["methods"]["threshold_only"]
    assert {"target_held", "coverage_precision", "coverage_recall"} <= set(promised)
    assert len(promised["runs"][0]["promise"]["path"]) == found["windows"] == 20
    assert figures(simulate("s.csv", *QUICK, "--json")) == found


def test_other_formats_tell_the_same(simulate: Command) -> None:
    """The NPZ of the same events gives the same methods' figures."""
    one = figures(simulate("s.csv", *QUICK, "--json"))
    other = figures(simulate("s.npz", "--label", "y", *QUICK[2:], "--json"))
    assert one["methods"] == other["methods"]


def test_text_names_methods_and_the_promise(simulate: Command) -> None:
    """Without `--json` a table for people, and how each seed's threshold did."""
    code, out, err = simulate("s.csv", *QUICK, "--noise", "0.05", "--delay", "2")
    assert code == 0, err
    assert "1,250 events" in out
    assert "5% of them wrong, known 2 windows later; 2 seeds" in out
    assert all(name in out for name in ("none", "feedback", "aad"))
    assert "threshold_only, asked for 80% real alerts at 90% confidence:" in out


@pytest.mark.parametrize("name", ["runs.png", "runs.svg"])
def test_the_plot_is_drawn(simulate: Command, tmp_path: Path, name: str) -> None:
    """A picture with something on it."""
    assert simulate("s.csv", *QUICK, "--plot", name)[0] == 0
    if name.endswith("png"):
        assert np.ptp(imread(tmp_path / name)) > 0
    else:
        assert "recall of the threshold in force" in (tmp_path / name).read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("s.csv", "--label", "trut"), 3, "--label: s.csv has no column 'trut'"),
        (("none.csv", "--label", "truth"), 3, "none.csv"),
        (("normal.csv", "--label", "truth"), 3, "every label in 'truth' says normal"),
        (("short.csv", "--label", "truth"), 3, "short.csv: 600 events are too few"),
        (("s.csv", "--label", "truth", "--labels", "1001"), 3, "1,001 labels are more than its"),
        (("s.csv", "--label", "truth", "--delay", "20"), 3, "no label would ever be known"),
        (("s.csv", "--label", "truth", "--plot", "runs.bmp"), 3, "end it in .png or .svg"),
        (("s.csv", "--label", "truth", "--plot", "no/runs.png"), 3, "--plot no/runs.png"),
        (("s.csv", "--label", "truth", "--seeds", "101"), 2, "--seeds"),
        (("s.csv", "--label", "truth", "--noise", "1.1"), 2, "--noise"),
        (("s.csv",), 2, "--label"),
    ],
)
def test_mistakes_are_named(
    simulate: Command, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """What, where, what to do; nothing on stdout, and before any work is done."""
    written(tmp_path / "short.csv", events=600)
    (tmp_path / "normal.csv").write_text("a,truth\n" + "1,0\n" * 800)
    found, out, err = simulate(*arguments)
    assert found == code
    assert said in err
    assert not out
