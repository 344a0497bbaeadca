"""`floodline bench feedback`, small: its figures have the names that others compare by."""

import csv
import gzip
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.feedback.runs import METHODS
from benchmarks.feedback.streams import DEV, HELD_OUT, of_folder, of_group
from benchmarks.feedback.variants import VARIANTS
from floodline.errors import ConfigurationError
from tests.fixtures.consumer_process import COMMAND
from tests.unit.simulation.streams import made_stream


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one labelled stream, packed."""
    stream = made_stream(2_450)
    with gzip.open(tmp_path / "made.csv.gz", "wt", newline="") as text:
        lines = csv.writer(text)
        lines.writerow(["a", "b", "c", "d", "label"])
        lines.writerows(
            [*row, int(real)]
            for row, real in zip(stream.rows.tolist(), stream.real.tolist(), strict=True)
        )
    return tmp_path


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, ended."""
    line = [*COMMAND[:-1], "bench", "feedback", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=280, check=False)


def test_the_figures_have_their_names(folder: Path) -> None:
    """Every method against none, in total and stream by stream; in time order also often."""
    ended = bench(
        "--streams", str(folder), "--in-time", "made", "--variants", "clean",
        "--seeds", "1", "--workers", "1", "--json",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["methods"] == list(METHODS)
    assert set(found["given"]) == {"clean", "often"}
    clean = found["given"]["clean"]
    for name in METHODS:
        assert {"found", "found_ratio", "average_precision", "worst", "kept"} <= set(clean[name])
        assert 0 < clean["by_stream"]["made"][name]["whole_auc"] <= 1
    assert clean["none"]["found_ratio"] == 1.0


def test_the_table_names_every_method(folder: Path) -> None:
    """In Markdown, for a document."""
    ended = bench(
        "--streams", str(folder), "--variants", "coins", "--methods", "feedback", "--seeds", "1",
        "--workers", "1",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "given, coins: 1 streams, 200 labels, 1 seeds" in ended.stdout
    assert "| feedback |" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--group", "all"), "no group 'all'"),
        (("--group", "shipped", "--only", "nothing"), "--only nothing: there are"),
        (("--group", "shipped", "--variants", "windy"), "--variants windy: there are clean"),
        (("--group", "shipped", "--methods", "luck"), "--methods luck: there are none"),
    ],
)
def test_mistakes_are_named(arguments: tuple[str, ...], said: str) -> None:
    """What, and what there is."""
    ended = bench(*arguments)
    assert ended.returncode == 3
    assert said in ended.stderr


def test_a_folder_without_streams_is_refused(tmp_path: Path) -> None:
    """So is a name that is none of its streams."""
    with pytest.raises(ConfigurationError, match=r"has no \.csv, \.ndjson, \.npz"):
        of_folder(tmp_path, (), "label")
    (tmp_path / "one.csv").write_text("a,label\n1,0\n")
    with pytest.raises(ConfigurationError, match="has one; name some of these"):
        of_folder(tmp_path, ("two",), "label")
    with pytest.raises(ConfigurationError, match=r"one\.csv: has no column 'y'.*--label"):
        of_folder(tmp_path, (), "y")[0].load()
    (tmp_path / "one.ndjson").write_text('{"a": 1, "label": 0}\n')
    with pytest.raises(ConfigurationError, match="have one name"):
        of_folder(tmp_path, (), "label")


def test_every_format_of_events_is_a_stream(tmp_path: Path) -> None:
    """Numbers count, in the order of the file; the truth may have any name."""
    (tmp_path / "a.csv").write_text("y,b,a,who\n0,1,2,x\n1,3,4,y\n")
    (tmp_path / "b.ndjson").write_text('{"b": 1, "a": 2, "y": 0}\n{"b": 3, "a": 4, "y": 1}\n')
    np.savez(tmp_path / "c.npz", X=np.array([[1.0, 2.0], [3.0, 4.0]]), y=np.array([0, 1]))
    (tmp_path / "notes.txt").write_text("none")
    found = of_folder(tmp_path, ("b",), "y")
    assert [(each.name, each.in_time) for each in found] == [
        ("a", False), ("b", True), ("c", False)
    ]  # fmt: skip
    for each in found:
        stream = each.load()
        assert stream.rows.tolist() == [[1, 2], [3, 4]]
        assert stream.truth.tolist() == [False, True]


def test_no_stream_chooses_and_judges() -> None:
    """The lists have no stream in common, and each name is of a stream that there is."""
    assert not set(DEV) & set(HELD_OUT)
    assert len(set(DEV) | set(HELD_OUT)) == len(DEV) + len(HELD_OUT)
    for group in ("dev", "held out", "shipped"):
        streams, absent = of_group(group)
        assert len(streams) + sum(absent.values()) == len(
            {"dev": DEV, "held out": HELD_OUT, "shipped": ("",) * 4}[group]
        )
    assert set(VARIANTS) == {"clean", "noise_5", "noise_20", "delay_4", "coins", "shift"}
