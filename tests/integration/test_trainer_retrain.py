"""`retrain` against real Kafka, SQL and MLflow on SQLite."""

import json
import warnings
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from sqlalchemy import Engine, select, update

from demo.local_kafka.ports import free_port
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import ConfigurationError, DependencyDown
from floodline.events.messages import Release, decode
from floodline.storage.engine import transaction
from floodline.storage.state_store import StateStore
from floodline.storage.tables import AlertRow, ReleaseRow, RetrainRow
from tests.fixtures.kafka import Topics
from tests.integration.trainer_world import FEATURES, World, build, fill
from trainer import main as trainer
from trainer.adapters.kafka import KafkaEvents
from trainer.ports import OffsetRange

EVENTS = 6000
# What MLflow does with SQLAlchemy and pandas is not ours to mend.
pytestmark = [pytest.mark.filterwarnings("ignore:::mlflow")]


@pytest.fixture(scope="module")
def mlflow_section(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """One store for all: each test's detector has an experiment and a model of its own."""
    folder = tmp_path_factory.mktemp("mlflow")
    return {
        "tracking_uri": f"sqlite:///{folder / 'mlflow.db'}",
        "artifacts": str(folder / "artifacts"),
    }


@pytest.fixture
def world(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path, mlflow_section: dict[str, object]
) -> World:
    """A detector whose topic, alerts and labels are there."""
    found = build(topics, sqlite_engine, tmp_path, mlflow=mlflow_section)
    fill(found, EVENTS)
    return found


def client(world: World) -> MlflowClient:
    uri = world.configuration.mlflow.tracking_uri
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def run_of(world: World, run_id: str) -> Any:
    return client(world).get_run(run_id)


def aliases(world: World) -> dict[str, str]:
    name = f"floodline-{world.configuration.detector.name}"
    found = client(world).get_registered_model(name).aliases
    return {alias: str(version) for alias, version in found.items()}


def test_a_retrain_is_logged_registered_and_published(world: World, tmp_path: Path) -> None:
    """One run with parameters, metrics, curves, tables, dataset and model; one release; one row."""
    done = trainer.retrain(world.configuration)
    assert done.outcome == "published", done.reason
    assert (done.events, done.invalid) == (EVENTS, 2)

    run = run_of(world, done.mlflow_run_id)
    params, metrics = run.data.params, run.data.metrics
    assert params["offsets_0"] == "0-3001"
    assert params["seed"] == "42"
    assert len(params["labels_sha256"]) == 64
    assert params["invalid_records"] == "2"
    assert 0.5 < metrics["held_out_pr_auc"] <= 1
    for name in ("roc_auc", "brier", "f1", "precision", "recall", "alerts_share", "score_median"):
        assert f"held_out_{name}" in metrics
        assert f"train_{name}" in metrics
    assert "champion_held_out_pr_auc" in metrics
    assert run.data.tags["floodline.outcome"] == "published"
    assert run.data.tags["trigger"] == "command"
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.tags[0].value == "labels"
    assert dataset.dataset.digest

    curves = {file.path for file in client(world).list_artifacts(run.info.run_id, "curves")}
    assert curves == {
        "curves/precision_recall.png",
        "curves/roc.png",
        "curves/scores_by_label.png",
        "curves/threshold_sweep.png",
    }
    folder = client(world).download_artifacts(run.info.run_id, "tables", str(tmp_path))
    mistakes = json.loads(Path(folder, "mistakes.json").read_text())
    assert {row["mistake"] for row in mistakes} <= {"false_positive", "false_negative"}

    (record,) = world.topics.read(world.configuration.topics.releases, at_least=1)
    release = decode(record.value or b"", Release)
    assert (release.number, release.kind) == (1, "retrain")
    assert release.model is not None
    assert release.model.state_sha256 == done.state_sha256
    assert release.model.mlflow_run_id == done.mlflow_run_id
    with transaction(world.engine) as session:
        row = session.scalars(select(RetrainRow)).one()
        assert (row.outcome, row.release, row.labels) == ("published", 1, done.labels)
        assert row.finished_at is not None


def test_the_registered_model_scores_as_the_published_state_does(world: World) -> None:
    """What others load as pyfunc and what the consumer loads score the same, to the bit."""
    first = trainer.retrain(world.configuration)
    name = f"floodline-{world.configuration.detector.name}"
    assert aliases(world) == {"challenger": "1", "champion": "1"}
    again = trainer.retrain(world.configuration)
    assert again.outcome == "kept"
    assert "cannot be carried over" in again.reason
    with transaction(world.engine) as session:
        session.execute(update(AlertRow).values(release=1))  # as if the new model had raised them
    second = trainer.retrain(world.configuration)
    assert aliases(world) == {"challenger": "3", "champion": "3", "previous": "1"}

    assert second.state_sha256 == first.state_sha256
    state = StateStore(Path(world.configuration.store.folder)).read(second.state_sha256)
    scorer = Scorer.from_state(state)
    rows = [{name: float(i * 7 % (k + 30)) for k, name in enumerate(FEATURES)} for i in range(20)]
    expected = [scorer.step(row, ThresholdRule(score=1.0), learn=False).score for row in rows]
    mlflow.set_tracking_uri(world.configuration.mlflow.tracking_uri)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    assert loaded.predict(pd.DataFrame(rows))["score"].tolist() == expected
    assert len(set(expected)) > 1


def test_the_same_ranges_and_labels_give_the_same_state(world: World) -> None:
    """Repeatable by its ranges; another range is another state; not published, nothing released."""
    asked: dict[str, Any] = {"starts": {0: 100, 1: 0}, "ends": {0: 2000, 1: 2500}, "publish": False}
    first = trainer.retrain(world.configuration, **asked)
    second = trainer.retrain(world.configuration, **asked)
    other = trainer.retrain(world.configuration, starts={0: 101}, publish=False)
    assert first.state_sha256 == second.state_sha256 != other.state_sha256
    assert first.metrics == second.metrics
    assert first.outcome == "kept"
    assert first.reason.endswith("not asked to publish")
    with transaction(world.engine) as session:
        assert session.scalars(select(ReleaseRow)).all() == []
    assert aliases(world) == {"challenger": "3"}


def test_too_few_labels_log_a_run_and_publish_nothing(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path, mlflow_section: dict[str, object]
) -> None:
    """A model that cannot be judged is kept, and both run and row say why."""
    least: dict[str, object] = {"retrain_min_labels": 100_000}
    world = build(topics, sqlite_engine, tmp_path, trainer=least, mlflow=mlflow_section)
    fill(world, 2000)
    done = trainer.retrain(world.configuration)
    assert done.outcome == "kept"
    assert "100000 are needed" in done.reason
    assert run_of(world, done.mlflow_run_id).data.tags["floodline.reason"] == done.reason
    with transaction(sqlite_engine) as session:
        assert session.scalars(select(ReleaseRow)).all() == []


@pytest.mark.parametrize(
    "uri", ["sqlite:////proc/nowhere/mlflow.db", "http://127.0.0.1:{unused_port}"]
)
def test_without_mlflow_nothing_is_published(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path, uri: str
) -> None:
    """A tracking store that does not answer is a dependency that is down; the row says failed."""
    uri = uri.format(unused_port=free_port())
    world = build(topics, sqlite_engine, tmp_path, mlflow={"tracking_uri": uri})
    with pytest.raises(DependencyDown, match="mlflow"):
        trainer.retrain(world.configuration)
    with transaction(sqlite_engine) as session:
        assert session.scalars(select(ReleaseRow)).all() == []
        assert session.scalars(select(RetrainRow.outcome)).all() == ["failed"]


def test_a_range_that_the_log_does_not_hold_is_refused(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path
) -> None:
    """The error names the range that there is."""
    world = build(topics, sqlite_engine, tmp_path)
    topics.create(world.configuration.topics.events, 1)
    topics.produce(world.configuration.topics.events, [b"{}"] * 5)
    with pytest.raises(ConfigurationError, match="the log holds 0 to 5"):
        trainer.retrain(world.configuration, ends={0: 6})
    with pytest.raises(ConfigurationError, match="no partition 3"):
        trainer.retrain(world.configuration, starts={3: 0})


def test_a_replay_is_the_committed_records_of_the_range_in_one_order(
    topics: Topics, sqlite_engine: Engine, tmp_path: Path
) -> None:
    """Both partitions merged by time; the ends are kept; a second replay is equal."""
    world = build(topics, sqlite_engine, tmp_path)
    topic = topics.create(world.configuration.topics.events, 2)
    for value in range(6):
        topics.produce(topic, [str(value).encode()], partition=value % 2)
    log = KafkaEvents(world.configuration)
    assert log.bounds() == {0: (0, 3), 1: (0, 3)}
    ranges = [OffsetRange(0, 0, 3), OffsetRange(1, 1, 2)]
    records = log.replay(ranges)
    assert [(r.partition, r.offset) for r in records if r.partition == 1] == [(1, 1)]
    assert [r.value for r in records] == [b"0", b"2", b"3", b"4"]
    assert log.replay(ranges) == records
    assert log.replay([OffsetRange(0, 3, 3)]) == []
