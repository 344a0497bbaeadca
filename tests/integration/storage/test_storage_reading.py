"""Transactions that only read."""

import contextlib
import sqlite3

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from feedback_api.access.roles import Role
from feedback_api.representations.threshold import Threshold
from feedback_api.use_cases.footing import Footing
from feedback_api.use_cases.threshold import read_threshold
from floodline.storage.engine import reading
from tests.integration.api.application import Api


def _write(engine: Engine) -> None:
    with contextlib.closing(sqlite3.connect(str(engine.url.database), timeout=0)) as other:
        other.execute("UPDATE users SET name = name")
        other.commit()


def test_who_only_reads_keeps_nobody_from_writing(sqlite_engine: Engine) -> None:
    """Another connection writes at once."""
    with reading(sqlite_engine) as session:
        session.execute(text("SELECT count(*) FROM users")).one()
        _write(sqlite_engine)


def test_a_look_at_the_threshold_does_not_hold_up_writers(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the evidence is weighed, labels and the intake go on."""
    api = Api(sqlite_engine)
    looked: list[Threshold] = []
    key = api.key("vera", Role.VIEWER)

    def meanwhile(session: Session, footing: Footing) -> Threshold:
        told = read_threshold(session, footing)
        _write(sqlite_engine)
        looked.append(told)
        return told

    monkeypatch.setattr("feedback_api.routes.threshold.read_threshold", meanwhile)
    assert api.get("/api/v1/threshold", key).status_code == 200
    assert len(looked) == 1
