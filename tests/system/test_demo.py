"""The demo, as a user runs it, on a short replay."""

import json
import subprocess
import sys
from typing import Any

import mlflow
import pytest

NAMES = {
    "events", "alerts", "labels", "releases", "threshold_path", "precision_before",
    "precision_after", "recall_before", "recall_after", "precision_fixed", "recall_fixed",
    "mlflow_run_id", "dead_letters", "duplicates", "lost", "alert_rate",
}  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of `floodline demo --json` over 20 s of replay."""
    folder = tmp_path_factory.mktemp("demo")
    command = [
        sys.executable, "-m", "floodline.launcher", "demo", "--json",
        "--seconds", "20", "--folder", str(folder / "run"),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=200, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_one_object_has_every_figure(report: dict[str, Any]) -> None:
    """`--json` prints one object with the figures that runs are compared by, and nothing else."""
    assert set(report) >= NAMES


def test_every_record_is_accounted_for(report: dict[str, Any]) -> None:
    """Nothing is lost and nothing doubled; the broken records of the replay are dead letters."""
    assert report["events"] == 49_101
    assert (report["lost"], report["duplicates"], report["dead_letters"]) == (0, 0, 4)


def test_labels_moved_the_threshold_of_the_running_consumer(report: dict[str, Any]) -> None:
    """Alerts were labelled, and a release was taken up in the middle of the stream."""
    assert report["alerts"] > 0
    assert report["labels"] > 20
    taken = [step for step in report["threshold_path"] if step["release"] > 0]
    assert any(0 < min(step["at_rows"]) < 49_000 for step in taken)


@pytest.mark.filterwarnings("ignore:The ``noload``")  # MLflow's own use of SQLAlchemy
def test_the_retrain_is_listed_by_mlflow(report: dict[str, Any]) -> None:
    """The run that the report names is a finished run of MLflow's own store."""
    client = mlflow.MlflowClient(tracking_uri=report["mlflow_tracking_uri"])
    run = client.get_run(report["mlflow_run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.metrics
    assert run.data.params
