"""A retrain's lease: kept while it works, free soon after its trainer died."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, delete, select
from structlog.testing import capture_logs

from floodline.configuration.sections import Configuration
from floodline.errors import Conflict
from floodline.storage import leases, retrains
from floodline.storage.engine import transaction
from floodline.storage.state_store import StateStore
from floodline.storage.tables import LeaseRow, RetrainRow
from trainer import retraining
from trainer.request import Request, Services
from trainer.retraining import retrain_once
from trainer.tenure import LEASE, LeaseLost, Tenure, kept

NAME = "retrain:pump"
SHORT, BEAT = timedelta(seconds=2), timedelta(milliseconds=50)


def now() -> datetime:
    return datetime.now(UTC)


def take(engine: Engine, holder: str, at: datetime, length: timedelta = LEASE) -> bool:
    with transaction(engine) as session:
        return leases.acquire(session, NAME, holder, at, length)


class Broken:
    """A tracking server's client with a fault that nobody foresaw."""

    def open(self) -> None:
        raise RuntimeError("no such luck")


def retrain(engine: Engine, folder: Path) -> object:
    configuration = Configuration.model_validate(
        {"detector": {"name": "pump", "topic": "events", "features": ("a",)}}
    )
    absent = cast("Any", None)
    services = Services(
        engine=engine,
        events=absent,
        channel=absent,
        tracking=cast("Any", Broken()),
        store=StateStore(folder),
        now=now,
    )
    return retrain_once(configuration, services, Request())


def rows(engine: Engine) -> dict[str, tuple[str, str, bool]]:
    with transaction(engine) as session:
        return {
            row.id: (row.outcome, row.reason, row.finished_at is not None)
            for row in session.scalars(select(RetrainRow))
        }


def dead_trainer(engine: Engine, at: datetime) -> None:
    """What a trainer leaves that is killed right after its start."""
    assert take(engine, "dead", at)
    with transaction(engine) as session:
        retrains.start(session, id="dead", detector="pump", now=at)


def test_the_lease_outlives_its_length_while_the_work_goes_on(engine: Engine) -> None:
    """Renewed past its first end; another gets it only when the block has ended."""
    start = now()
    assert take(engine, "one", start, SHORT)
    with kept(Tenure(engine, NAME, "one", now, SHORT), BEAT):
        renewed, deadline = threading.Event(), start + timedelta(seconds=20)
        while not renewed.wait(0.02) and now() < deadline:
            with transaction(engine) as session:
                expiry = leases.expiry(session, NAME)
            if expiry is not None and expiry > start + SHORT:
                renewed.set()
        assert renewed.is_set()
        assert not take(engine, "two", start + SHORT)
    assert take(engine, "two", now())


def test_a_holder_that_lost_its_lease_may_not_publish(engine: Engine) -> None:
    """The heartbeat ends with a word in the log, and the proof before publishing fails."""
    assert take(engine, "one", now())
    tenure = Tenure(engine, NAME, "one", now)
    with transaction(engine) as session:
        session.execute(delete(LeaseRow))
    assert take(engine, "two", now())
    with capture_logs() as logged:
        tenure.beat(threading.Event(), BEAT)
    assert "lost" in logged[-1]["event"]
    with pytest.raises(LeaseLost, match="run it again"):
        tenure.confirm()
    tenure.end()
    assert not take(engine, "three", now())


def test_a_retrain_is_refused_until_the_other_ones_lease_runs_out(
    engine: Engine, tmp_path: Path
) -> None:
    """The refusal says when that is, and it is within a minute."""
    dead_trainer(engine, now())
    with transaction(engine) as session:
        expiry = leases.expiry(session, NAME)
    assert expiry is not None
    assert expiry <= now() + timedelta(seconds=60)
    with pytest.raises(Conflict, match="another trainer retrains pump now") as refused:
        retrain(engine, tmp_path)
    assert expiry.isoformat(timespec="seconds") in str(refused.value)
    assert rows(engine) == {"dead": ("running", "", False)}


def test_the_next_trainer_ends_the_row_of_a_dead_one_and_notes_its_own_fault(
    engine: Engine, tmp_path: Path
) -> None:
    """A minute after the death another retrains; an error that nobody foresaw is noted too."""
    dead_trainer(engine, now() - LEASE)
    with pytest.raises(RuntimeError, match="no such luck"):
        retrain(engine, tmp_path)
    found = rows(engine)
    assert found.pop("dead") == ("failed", "its trainer ended", True)
    assert list(found.values()) == [("failed", "RuntimeError: no such luck", True)]
    assert take(engine, "next", now())


def test_a_retrain_whose_lease_is_taken_logs_and_publishes_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another took over while it trained: it stops before it writes a run, and its row says so."""

    def overtaken(*given: object) -> object:
        tenure = given[-1]
        assert isinstance(tenure, Tenure)
        with transaction(engine) as session:
            session.execute(delete(LeaseRow))
        assert take(engine, "other", now())
        tenure.confirm()
        raise AssertionError("it went on")

    monkeypatch.setattr(retraining, "_retrain", overtaken)
    with pytest.raises(LeaseLost):
        retrain(engine, tmp_path)
    ((outcome, reason, _),) = rows(engine).values()
    assert outcome == "failed"
    assert "lease ran out" in reason
    assert not take(engine, "third", now())
