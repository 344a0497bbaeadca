"""`floodline threshold ...` on a database."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from typer.testing import CliRunner, Result

from cli.main import app
from floodline.errors import ConfigurationError, Conflict, FloodlineError, NotFound, Refused
from floodline.storage import moves
from floodline.storage.engine import transaction
from floodline.storage.tables import AuditRow, MoveRow
from tests.integration.api.application import Api
from tests.integration.api.reviews import release, review
from tests.integration.storage.samples import DETECTOR


class Shell:
    """The command line over one database."""

    def __init__(self, engine: Engine, **more: str) -> None:
        self.engine = engine
        given = {
            "DETECTOR__NAME": DETECTOR,
            "DETECTOR__TOPIC": "events",
            "DETECTOR__FEATURES": "amount",
            "DATABASE__URL": engine.url.render_as_string(hide_password=False),
            # The events lie at a fixed time.
            "THRESHOLD__LOOK_BACK_HOURS": "87600",
        }
        self._env = {f"FLOODLINE_{name}": value for name, value in (given | more).items()}

    def run(self, *words: str) -> Result:
        """A command after `floodline threshold`."""
        return CliRunner().invoke(app, ["threshold", *words], env=self._env)

    def say(self, *words: str) -> str:
        """What a command prints."""
        done = self.run(*words)
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    def tell(self, *words: str) -> dict[str, Any]:
        """What it prints with --json."""
        found: dict[str, Any] = json.loads(self.say(*words, "--json"))
        return found

    def fail(self, *words: str) -> FloodlineError:
        """The error it ends with."""
        error = self.run(*words).exception
        assert isinstance(error, FloodlineError), error
        return error


@pytest.fixture
def shell(sqlite_engine: Engine) -> Shell:
    """A detector that was reviewed, with a threshold of .9."""
    api = Api(sqlite_engine)
    release(api, 1, 0.9)
    review(api)
    return Shell(sqlite_engine)


def test_show_and_preview_tell_what_thresholds_give(shell: Shell) -> None:
    """In words, and as one object."""
    assert shell.say("show").startswith(f"{DETECTOR}: threshold 0.9000, release 1 by trainer at ")
    found = shell.tell("show")
    assert (found["release"], found["policy"]["configured"]) == (1, True)
    lines = shell.say("preview", "0.93").splitlines()
    assert lines[2] == "alerts gained: none"
    assert lines[3].startswith("alerts lost: about ")
    told = shell.tell("preview", "0.93")
    assert (told["now"]["threshold"], told["then"]["threshold"]) == (0.9, 0.93)
    assert told["lost"]["false"] == pytest.approx(15)


def test_segments_tell_whose_alerts_are_real(shell: Shell) -> None:
    """In words, and as one object; --limit cuts the list."""
    lines = shell.say("segments", "--limit", "2").splitlines()
    assert lines[0] == f"{DETECTOR}: precision by entity at threshold 0.9000"
    assert lines[5].startswith("  and 1 with fewer alerts")
    told = shell.tell("segments")
    assert [each["entity"] for each in told["segments"]] == ["unit-0", "unit-1", "unit-2"]
    assert shell.run("segments", "--limit", "201").exit_code == 2


def test_a_move_by_hand_waits_for_the_trainer(shell: Shell) -> None:
    """It is approved, noted with who and why, and in the audit log; undo needs a release."""
    made = shell.tell("set", "0.95", "--reason", "quieter", "--as", "alice")
    assert (made["state"], made["kind"], made["made_by"]) == ("approved", "manual", "alice")
    (listed,) = shell.tell("moves")["moves"]
    assert listed == made
    assert shell.say("moves", "--state", "released") == "no such move\n"
    said = shell.say("set", "0.96", "--reason", "quieter", "--as", "alice").splitlines()
    assert said[1].startswith("labels move it again to keep at least ")
    lines = shell.say("moves", "--limit", "1").splitlines()
    assert lines[1:] == ["1 of 2, the newest; --limit 2 shows all"]
    assert shell.tell("moves", "--limit", "1", "--state", "approved")["total"] == 2
    with transaction(shell.engine) as session:
        assert moves.waiting(session, DETECTOR)[0].id == made["id"]
        row = session.scalars(select(AuditRow)).all()[-1]
        assert (row.actor, row.action) == ("alice", "move_manual")
    assert isinstance(shell.fail("undo", "--reason", "too quiet"), Conflict)
    for each in shell.tell("moves")["moves"]:
        shell.say("withdraw", each["id"], "--as", "alice")
    release(Api(shell.engine), 2, 0.95)
    undone = shell.tell("undo", "--reason", "too quiet")
    assert (undone["kind"], undone["threshold_after"]) == ("undo", 0.9)


def test_a_second_person_consents(shell: Shell) -> None:
    """One's own move is not approved; another person's is, or is rejected."""
    two = Shell(shell.engine, THRESHOLD__SECOND_PERSON="true")
    first = two.tell("set", "0.95", "--reason", "quieter", "--as", "alice")
    assert first["state"] == "proposed"
    assert isinstance(two.fail("approve", first["id"], "--as", "alice"), Refused)
    assert "is approved" in two.say("approve", first["id"], "--as", "bob")
    second = two.tell("set", "0.96", "--reason", "quieter still", "--as", "alice")
    assert two.tell("reject", second["id"], "--as", "bob")["state"] == "rejected"
    assert isinstance(two.fail("approve", second["id"], "--as", "bob"), Conflict)
    assert isinstance(two.fail("approve", "nothing"), NotFound)


def test_a_move_is_named_by_how_its_id_begins(shell: Shell) -> None:
    """Four characters do, if they are no other's; its maker takes it back, nobody else."""
    first, second = (
        shell.tell("set", score, "--reason", "quieter", "--as", "alice")["id"]
        for score in ("0.93", "0.94")
    )
    assert first[:8] != second[:8]
    assert isinstance(shell.fail("withdraw", first[:8], "--as", "bob"), Refused)
    assert "is withdrawn" in shell.say("withdraw", first[:8], "--as", "alice")
    assert shell.run("withdraw", first[:3], "--as", "alice").exit_code == 2
    with transaction(shell.engine) as session:
        session.execute(
            update(MoveRow).where(MoveRow.id == first).values(id=f"{second[:8]}-the-same")
        )
    assert isinstance(shell.fail("withdraw", second[:8], "--as", "alice"), ConfigurationError)
    assert "is withdrawn" in shell.say("withdraw", second, "--as", "alice")


def test_a_frozen_threshold_is_not_moved(shell: Shell) -> None:
    """A move says who froze it and what to do; unfrozen it moves again."""
    said = shell.say("freeze", "--reason", "maintenance", "--as", "eve")
    assert said == "frozen by eve: maintenance\n"
    error = shell.fail("set", "0.95", "--reason", "quieter")
    assert isinstance(error, Conflict)
    assert "frozen by eve: maintenance. Unfreeze it first" in str(error)
    assert "frozen by eve" in shell.say("show")
    assert shell.tell("unfreeze") == {"frozen": None}
    assert shell.tell("set", "0.95", "--reason", "quieter")["state"] == "approved"


@pytest.mark.parametrize(
    ("words", "policy"),
    [
        (("precision", "--at-least", "0.9"), {"type": "precision", "at_least": 0.9}),
        (
            ("budget", "--per-hour", "5", "--precision", "0.6"),
            {"type": "budget", "per_hour": 5.0, "precision": 0.6},
        ),
        (
            ("cost", "--miss", "10", "--false-alarm", "1"),
            {"type": "cost", "miss": 10.0, "false_alarm": 1.0},
        ),
        (("fixed",), {"type": "fixed"}),
    ],
)
def test_a_policy_takes_the_place_of_the_configured_one(
    shell: Shell, words: tuple[str, ...], policy: dict[str, Any]
) -> None:
    """It is shown with who set it, until the configured one is asked for again."""
    found = shell.tell("policy", *words, "--as", "alice")
    assert (found["policy"], found["set_by"], found["configured"]) == (policy, "alice", False)
    assert shell.tell("show")["policy"] == found
    assert "(configured)" in shell.say("policy", "configured")


def test_what_cannot_be_used_is_refused_with_the_option(shell: Shell) -> None:
    """Options out of their range end with 2, values that the configuration forbids with 3."""
    assert shell.run("set", "1.2", "--reason", "x").exit_code == 2
    assert shell.run("set", "0.9").exit_code == 2
    assert shell.run("set", "0.95", "--reason", " ").exit_code == 2
    for words, told in (
        (("policy", "precision", "--at-least", "1.5"), "--at-least lies between 0 and 1, not 1.5"),
        (("policy", "cost", "--miss", "0", "--false-alarm", "1"), "--miss is a positive number"),
        (("moves", "--state", "foreign"), "--state foreign: a move is one of proposed"),
        (("moves", "--limit", "99999999999999999999"), "--limit"),
    ):
        done = shell.run(*words)
        assert done.exit_code == 2
        assert told in " ".join(done.stderr.replace("│", " ").split())
    bounded = Shell(shell.engine, THRESHOLD__FLOOR="0.5")
    error = bounded.fail("set", "0.4", "--reason", "more")
    assert isinstance(error, ConfigurationError)
    assert "threshold.floor" in str(error)


@pytest.mark.parametrize(
    "words",
    [
        *((each,) for each in ("show", "preview", "set", "undo", "freeze", "unfreeze")),
        *((each,) for each in ("moves", "approve", "reject", "withdraw")),
        *(("policy", each) for each in ("precision", "budget", "cost", "fixed", "configured")),
    ],
)
def test_each_help_has_an_example(shell: Shell, words: tuple[str, ...]) -> None:
    """And --json."""
    said = shell.say(*words, "--help")
    assert f"Example: floodline threshold {' '.join(words)}" in said
    assert "--json" in said
