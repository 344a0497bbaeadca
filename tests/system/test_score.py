"""`floodline score`, as a user runs it."""

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from river.anomaly import HalfSpaceTrees
from river.preprocessing import MinMaxScaler

from cli.main import run
from demo.streams import DATA, read

ANNTHYROID = str(DATA / "annthyroid.csv.gz")
FEATURES = tuple(f"f{place}" for place in range(6))
Ran = tuple[int, str, str]
Command = Callable[..., Ran]


@pytest.fixture
def score(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    """`floodline score ...` in a folder of its own: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["floodline", "score", *arguments])
        code = run()
        sys.stdout.flush()
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return ran


def figures(ran: Ran) -> dict[str, Any]:
    """The one object on stdout."""
    code, out, err = ran
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def lines(ran: Ran) -> list[dict[str, Any]]:
    """The scored lines on stdout."""
    code, out, err = ran
    assert code == 0, err
    return [json.loads(line) for line in out.splitlines()]


def other_formats(folder: Path) -> list[str]:
    """The same stream as NDJSON, NPZ and Parquet."""
    stream = read("annthyroid")
    names = [folder / name for name in ("s.ndjson.gz", "s.npz", "s.parquet")]
    with gzip.open(names[0], "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in stream.rows)
    rows = np.array([list(row.values()) for row in stream.rows])
    np.savez(names[1], X=rows, y=stream.truth, feature_names=list(FEATURES))
    with gzip.open(ANNTHYROID) as file:
        pq.write_table(pyarrow.csv.read_csv(file), names[2])
    return [str(name) for name in names]


def test_the_installed_command_prints_one_object(tmp_path: Path) -> None:
    """`--label ... --json`: the figures by their names on stdout, and nothing else there."""
    command = [
        sys.executable, "-m", "floodline.launcher", "score", ANNTHYROID,
        "--label", "label", "--json",
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=200, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["events"], found["anomalies"], found["profile"]) == (7_200, 534, "default")
    assert 0.5 < found["roc_auc"] <= 1
    assert 0.074 < found["average_precision"] <= 1
    assert found["events_per_second"] > 0
    assert found["features"] == list(FEATURES)


def test_the_river_profile_is_river(score: Command) -> None:
    """Every score of the parity profile is the one of River's own pipeline, to the bit."""
    pipeline: Any = MinMaxScaler() | HalfSpaceTrees(seed=42)
    expected = []
    for row in read("annthyroid").rows:
        expected.append(pipeline.score_one(row))
        pipeline.learn_one(row)
    found = lines(score(ANNTHYROID, "--profile", "river"))
    assert [line["score"] for line in found] == expected
    figured = figures(score(ANNTHYROID, "--label", "label", "--profile", "river", "--json"))
    assert (figured["profile"], figured["warm_up_events"]) == ("river", 250)


@pytest.mark.parametrize("profile", ["default", "river"])
def test_no_score_depends_on_the_batch_size(score: Command, profile: str) -> None:
    """1, 7, 100 or 5,000 events a step: the same lines to the letter."""
    given = (ANNTHYROID, "--profile", profile, "--trees", "5")
    outputs = {score(*given, "--batch-size", size)[1] for size in ("1", "7", "100", "5000")}
    assert len(outputs) == 1
    assert outputs.pop().count("\n") == 7_200


def test_no_score_depends_on_the_format(score: Command, tmp_path: Path) -> None:
    """CSV, NDJSON, NPZ and Parquet with the same events: the same lines to the letter."""
    files = [ANNTHYROID, *other_formats(tmp_path)]
    outputs = {score(file, "--features", ",".join(FEATURES))[1] for file in files}
    assert len(outputs) == 1


def test_the_label_changes_no_score(score: Command) -> None:
    """With the label and without it: the same lines."""
    with_label = score(ANNTHYROID, "--label", "label")
    assert with_label[1] == score(ANNTHYROID)[1]
    assert "ROC-AUC" in with_label[2]
    assert "534 anomalies" in with_label[2]


def test_a_line_says_what_was_decided(score: Command) -> None:
    """Row, score, rarity, threshold, alert, warming_up; no alert while warming up."""
    found = lines(score(ANNTHYROID, "--profile", "river"))
    assert list(found[0]) == ["row", "score", "rarity", "threshold", "alert", "warming_up"]
    assert [line["row"] for line in found] == list(range(7_200))
    assert all(line["warming_up"] == (line["row"] < 250) for line in found)
    assert not any(line["alert"] for line in found[:250])
    assert any(line["alert"] for line in found)
    assert all(line["alert"] == (line["score"] >= line["threshold"]) for line in found[1_500:])


@pytest.mark.parametrize("ending", ["ndjson", "csv", "parquet"])
def test_lines_go_to_a_file_in_each_format(score: Command, tmp_path: Path, ending: str) -> None:
    """The same scores in each format, with the input's columns on request; nothing on stdout."""
    file = tmp_path / f"scored.{ending}"
    found = figures(score(ANNTHYROID, "-o", str(file), "--with-event", "--json"))
    if ending == "ndjson":
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        events = [row["event"] for row in rows]
        assert events[0] == {**read("annthyroid").rows[0], "label": "0"}
    else:
        table = pyarrow.csv.read_csv(file) if ending == "csv" else pq.read_table(file)
        rows = table.to_pylist()
        events = [{name: row[f"event.{name}"] for name in FEATURES} for row in rows]
        assert events == read("annthyroid").rows
    assert len(rows) == found["events"] == 7_200
    plain = lines(score(ANNTHYROID))
    assert [row["score"] for row in rows] == [line["score"] for line in plain]
    assert [row["alert"] for row in rows] == [line["alert"] for line in plain]
    assert not list(tmp_path.glob(".*.part"))


def test_a_state_goes_on_to_the_bit(score: Command, tmp_path: Path) -> None:
    """The second half after the saved state of the first: the lines of one run over both."""
    with gzip.open(ANNTHYROID, "rt") as file:
        header, *rows = file.read().splitlines()
    for name, part in (("a.csv", rows[:3_333]), ("b.csv", rows[3_333:])):
        (tmp_path / name).write_text("\n".join([header, *part, ""]))
    together = lines(score(ANNTHYROID, "--trees", "7"))
    score("a.csv", "--trees", "7", "--save-state", "kept")
    after_state = lines(score("b.csv", "--state", "kept"))
    warmed = lines(score("b.csv", "--trees", "7", "--warm-from", "a.csv"))
    expected = [line | {"row": line["row"] - 3_333} for line in together[3_333:]]
    assert after_state == expected
    assert warmed == expected


def test_the_configuration_tells_model_and_features(score: Command, tmp_path: Path) -> None:
    """floodline.toml in the folder is taken, said, and gives way to flags."""
    (tmp_path / "floodline.toml").write_text(
        '[detector]\nname = "t"\ntopic = "t"\nfeatures = ["f1", "f0"]\n'
        "[threshold]\ninitial_score = 0.5\n"
    )
    found = figures(score(ANNTHYROID, "--json"))
    assert found["features"] == ["f0", "f1"]
    assert all(line["threshold"] == 0.5 for line in lines(score(ANNTHYROID)))
    assert "floodline.toml" in score(ANNTHYROID)[2]
    assert figures(score(ANNTHYROID, "--features", "all", "--json"))["features"] == list(FEATURES)


def test_flags_say_what_is_an_alert(score: Command, tmp_path: Path) -> None:
    """--threshold by score, --rarity by share; each before the configuration's, and never both."""
    (tmp_path / "floodline.toml").write_text(
        '[detector]\nname = "t"\ntopic = "t"\nfeatures = ["f1", "f0"]\n'
        "[threshold]\ninitial_score = 0.5\n"
    )
    plain = lines(score(ANNTHYROID))
    fixed = lines(score(ANNTHYROID, "--threshold", "0.9"))
    assert [line["score"] for line in fixed] == [line["score"] for line in plain]
    for line in fixed:
        assert line["threshold"] == 0.9
        assert line["alert"] == (line["score"] >= 0.9 and not line["warming_up"])
    rare = [line["alert"] for line in lines(score(ANNTHYROID, "--rarity", "0.01"))]
    assert 0 < sum(rare) < 0.03 * len(rare)
    code, out, err = score(ANNTHYROID, "--rarity", "0.01", "--threshold", "0.9")
    assert (code, out) == (3, "")
    assert "--threshold and --rarity: each marks alerts; leave one out" in err


def test_a_number_stands_in_for_a_missing_value(score: Command, tmp_path: Path) -> None:
    """detector.missing's numbers are put in as the consumer does; else the value is missing."""
    rows = "".join(f"{place % 7},{place % 5}\n" for place in range(600))
    (tmp_path / "gap.csv").write_text(f"x,y\n{rows}3,\n")
    (tmp_path / "full.csv").write_text(f"x,y\n{rows}3,99\n")
    (tmp_path / "c.toml").write_text(
        '[detector]\nname = "t"\ntopic = "t"\nfeatures = ["x", "y"]\nmissing = { y = 99 }\n'
    )
    full = lines(score("full.csv"))
    assert lines(score("gap.csv", "--config", "c.toml")) == full
    assert lines(score("gap.csv"))[-1]["score"] < full[-1]["score"]


def test_an_event_without_what_it_needs_is_refused(score: Command, tmp_path: Path) -> None:
    """By detector.missing as in the consumer: its line has the reason, the others the same scores.

    Without a configuration the other features score it.
    """
    rows = [f"{place % 7},{place % 5}" for place in range(400)]
    (tmp_path / "full.csv").write_text("\n".join(["x,y", *rows]) + "\n")
    (tmp_path / "gaps.csv").write_text(
        "\n".join(["x,y", "1,", *rows[:300], ",", *rows[300:]]) + "\n"
    )
    detector = '[detector]\nname = "t"\ntopic = "t"\nfeatures = ["y", "x"]\n'
    (tmp_path / "c.toml").write_text(detector)
    found = lines(score("gaps.csv", "--config", "c.toml", "--with-event"))
    assert [line["row"] for line in found] == list(range(402))
    refused = [line for line in found if "refused" in line]
    assert [line["row"] for line in refused] == [0, 301]
    assert refused[0]["refused"] == "missing_feature"
    assert refused[0]["detail"] == "feature 'y' is missing or null"
    assert refused[0]["event"]["x"] == 1
    scores = [line["score"] for line in found if "score" in line]
    assert scores == [line["score"] for line in lines(score("full.csv"))]
    told = figures(score("gaps.csv", "--config", "c.toml", "--json", "-o", "lines.parquet"))
    assert (told["events"], told["refused"]) == (400, 2)
    table = pq.read_table(tmp_path / "lines.parquet").to_pylist()
    assert [row["row"] for row in table if row["refused"]] == [0, 301]
    assert [row["score"] for row in table if not row["refused"]] == scores
    assert "2 events were refused" in score("gaps.csv", "--config", "c.toml")[2]
    assert figures(score("gaps.csv", "--json"))["refused"] == 0
    (tmp_path / "c.toml").write_text(f'{detector}missing = {{ x = "ignore", y = 1 }}\n')
    assert figures(score("gaps.csv", "--config", "c.toml", "--json"))["refused"] == 0


def test_invalid_rows_are_counted_on_request(score: Command, tmp_path: Path) -> None:
    """A word where a number is due ends the run, unless such rows are to be left out."""
    (tmp_path / "odd.csv").write_text("x,y\n" + "1,2\n" * 40 + "oops,2\n3\n" + "1,2\n" * 8)
    code, out, err = score("odd.csv", "--features", "x,y")
    assert (code, out) == (3, "")
    assert "odd.csv: row 41 (the first is 0) has 1 cells" in err
    found = figures(score("odd.csv", "--features", "x,y", "--skip-invalid", "--json"))
    assert (found["events"], found["invalid"]) == (48, 2)


FAULTS: list[tuple[tuple[str, ...], str]] = [
    (("none.csv",), "none.csv: there is no such file"),
    ((ANNTHYROID, "--features", "f0,f9"), "--features: .* has no column 'f9'; known: f0"),
    ((ANNTHYROID, "--label", "lable"), "--label: .*did you mean 'label'"),
    ((ANNTHYROID, "--label", "f0", "--json"), "label 'f0' is '0.73'"),
    ((ANNTHYROID, "--profile", "river", "--memory", "99"), "'river' has no memory"),
    ((ANNTHYROID, "--state", "none"), "--state none: cannot be read: No such file"),
    ((ANNTHYROID, "--state", ANNTHYROID), "bytes are no scorer state"),
    ((ANNTHYROID, "--state", "x", "--trees", "3"), "has its own model; leave --profile"),
    ((ANNTHYROID, "--save-state", "no/folder"), "--save-state no/folder: cannot be written"),
    ((ANNTHYROID, "--save-state", "."), "--save-state .: cannot be written: Is a directory"),
    ((ANNTHYROID, "-o", "scored.txt"), "its ending tells no format"),
    ((ANNTHYROID, "-o", "no/scored.csv"), "-o no/scored.csv: cannot be written"),
    ((ANNTHYROID, "--warm-from", "none.csv"), "none.csv: there is no such file"),
    ((ANNTHYROID, "--config", "none.toml"), "none.toml: there is no such file"),
    (("none.csv", "-o", "no/scored.csv"), "-o no/scored.csv: cannot be written"),
    (("none.csv", "--save-state", "no/state"), "--save-state no/state: cannot be written"),
    (("-",), "say with --format what comes"),
]


@pytest.mark.parametrize(("arguments", "message"), FAULTS)
def test_a_fault_is_one_message_and_exit_code_3(
    score: Command, arguments: tuple[str, ...], message: str
) -> None:
    """What, where, what to do; nothing on stdout, no traceback."""
    code, out, err = score(*arguments)
    assert code == 3
    assert re.search(f"floodline: .*{message}", err)
    assert "Traceback" not in err
    assert out == ""


def test_a_reader_that_goes_ends_it_quietly(tmp_path: Path) -> None:
    """`| head -2`: two lines, no traceback, exit code 0."""
    program = f"{sys.executable} -m floodline.launcher score {DATA / 'shuttle.csv.gz'}"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {program} | head -2"],
        capture_output=True, text=True, timeout=200, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_stdin_is_read_as_it_comes(tmp_path: Path) -> None:
    """`-` with --format: the lines of the file."""
    rows = read("annthyroid").rows[:300]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run(
        [sys.executable, "-m", "floodline.launcher", "score", "-", "--format", "ndjson"],
        input=text, capture_output=True, text=True, timeout=200, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 300


def test_alerts_are_explained_on_request(score: Command, tmp_path: Path) -> None:
    """With --explain each alert's line has its explanation, as JSON in a table; else none has."""
    told = lines(score(ANNTHYROID, "--label", "label", "--explain"))
    for line in told:
        assert ("explanation" in line) == line["alert"]
    alerts = [line for line in told if line["alert"]]
    first = alerts[0]["explanation"]
    assert {each["feature"] for each in first["contributions"]} == set(FEATURES)
    assert first["unit"] == "bits"
    plain = lines(score(ANNTHYROID, "--label", "label"))
    assert plain == [{k: v for k, v in line.items() if k != "explanation"} for line in told]
    code, _, err = score(ANNTHYROID, "--label", "label", "--explain", "-o", "lines.csv")
    assert code == 0, err
    table = pyarrow.csv.read_csv(tmp_path / "lines.csv").to_pylist()
    found = [json.loads(row["explanation"]) for row in table if row["explanation"]]
    assert found == [line["explanation"] for line in alerts]
