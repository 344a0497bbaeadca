"""`floodline teaching ...` on a database."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, select
from typer.testing import CliRunner, Result

from cli.main import app
from floodline.errors import ConfigurationError, Conflict
from floodline.storage.engine import transaction
from floodline.storage.tables import AuditRow
from tests.integration.api.lessons import teach
from tests.integration.storage.samples import DETECTOR


def _run(engine: Engine, *words: str, **more: str) -> Result:
    given = {
        "DETECTOR__NAME": DETECTOR,
        "DETECTOR__TOPIC": "events",
        "DETECTOR__FEATURES": "amount",
        "DATABASE__URL": engine.url.render_as_string(hide_password=False),
    }
    env = {f"FLOODLINE_{name}": value for name, value in (given | more).items()}
    return CliRunner().invoke(app, ["teaching", *words], env=env)


def _say(engine: Engine, *words: str, **more: str) -> str:
    done = _run(engine, *words, **more)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def _tell(engine: Engine, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_say(engine, *words, "--json"))
    return found


def test_the_status_is_told_in_words_and_as_json(sqlite_engine: Engine) -> None:
    """Whether labels teach, what they taught, and why they do not."""
    assert _say(sqlite_engine, "status") == f"{DETECTOR}: labels teach\n  no lesson yet\n"
    teach(sqlite_engine, 1)
    assert _say(sqlite_engine, "status").splitlines()[1:] == [
        "  release 1 at 2026-11-22T12:00:00+00:00: 2 labels teach",
        "  let through 100%, came as foretold 75%, largest lesson 4.5 bits",
    ]
    teach(sqlite_engine, 2, agreement=None)
    assert "came as foretold unknown" in _say(sqlite_engine, "status")
    told = _tell(sqlite_engine, "status")
    assert (told["on"], told["taught"]["release"]) == (True, 2)
    said = _say(sqlite_engine, "status", FEEDBACK__TEACH="false")
    assert "labels teach nothing (feedback.teach = false)" in said
    said = _say(sqlite_engine, "status", MODEL__PROFILE="river")
    assert "only floodline's own profile can be taught" in said


def test_after_a_stop_old_figures_are_not_told_as_if_they_held(sqlite_engine: Engine) -> None:
    """Until the trainer takes the lessons out, they are of the last release; then they are gone."""
    teach(sqlite_engine, 1)
    assert _tell(sqlite_engine, "status")["taught_holds"] is True
    _say(sqlite_engine, "off", "--reason", "drill", "--as", "eva")
    head, rest = _say(sqlite_engine, "status").splitlines()
    assert head.startswith(f"{DETECTOR}: labels do not teach: stopped by eva since 20")
    assert head.endswith(": drill")
    assert rest == (
        "  the last lessons are of release 1 at 2026-11-22T12:00:00+00:00, from 2 labels; "
        "`floodline train` takes them out of the scores within seconds"
    )
    told = _tell(sqlite_engine, "status")
    assert (told["on"], told["taught_holds"], told["off"]["by"]) == (False, False, "eva")
    teach(sqlite_engine, 2, labels=0)
    assert _say(sqlite_engine, "status").splitlines()[1:] == [
        "  no lesson in force: release 2 at 2026-11-22T12:00:00+00:00 took them out of the scores"
    ]
    _say(sqlite_engine, "on", "--as", "eva")
    assert "no lesson in force" in _say(sqlite_engine, "status")
    assert _tell(sqlite_engine, "status")["taught_holds"] is False
    teach(sqlite_engine, 3)
    assert _tell(sqlite_engine, "status")["taught_holds"] is True


def test_off_and_on(sqlite_engine: Engine) -> None:
    """Who stopped it and why is told, kept from others, and in the audit log."""
    said = _say(sqlite_engine, "off", "--reason", "drill", "--as", "eva")
    assert said == "stopped by eva: drill\n"
    assert "stopped by eva since " in _say(sqlite_engine, "status")
    assert _tell(sqlite_engine, "off", "--reason", "drill", "--as", "eva")["off"]["by"] == "eva"
    error = _run(sqlite_engine, "off", "--reason", "mine", "--as", "bob").exception
    assert isinstance(error, Conflict)
    assert _say(sqlite_engine, "on", "--as", "bob") == "labels may teach\n"
    assert _tell(sqlite_engine, "on", "--as", "bob") == {"off": None}
    assert _tell(sqlite_engine, "status")["on"] is True
    with transaction(sqlite_engine) as session:
        rows = [(row.actor, row.action) for row in session.scalars(select(AuditRow))]
    assert rows == [("eva", "stop_teaching"), ("bob", "resume_teaching")]


@pytest.mark.parametrize("words", [("off",), ("off", "--reason", "  ")])
def test_a_stop_needs_a_reason(sqlite_engine: Engine, words: tuple[str, ...]) -> None:
    """A usage error says so, and nothing is stopped."""
    assert _run(sqlite_engine, *words).exit_code == 2
    assert _tell(sqlite_engine, "status")["off"] is None


def test_a_name_that_cannot_be_used_is_refused(sqlite_engine: Engine) -> None:
    """The name is what the audit log will show."""
    error = _run(sqlite_engine, "on", "--as", " ").exception
    assert isinstance(error, ConfigurationError)
