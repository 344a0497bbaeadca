"""The threshold as people read it."""

from datetime import UTC, datetime
from typing import Any

import pytest
import typer

from cli.threshold_session import person, said
from cli.threshold_words import asked_line, move_line, preview_lines, threshold_lines
from feedback_api.representations.moves import Move
from feedback_api.representations.previews import Preview
from feedback_api.representations.threshold import Threshold
from floodline.errors import ConfigurationError

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
NOTHING = {"value": None, "lower": None, "upper": None}


def outlook(threshold: float) -> dict[str, Any]:
    return {
        "threshold": threshold,
        "confidence": 0.9,
        "answers": 40,
        "precision": {"value": 0.8, "lower": 0.7, "upper": 0.88},
        "recall": NOTHING,
        "alerts_per_hour": {"value": 2.0, "lower": 1.0, "upper": 3.0},
    }


def threshold(**changes: Any) -> Threshold:
    told: dict[str, Any] = {
        "detector": "payments",
        "rule": {"score": 0.7, "rarity": None},
        "threshold": 0.7,
        "provisional": False,
        "release": 3,
        "made_by": "alice",
        "made_at": AT,
        "reason": "too many",
        "policy": {
            "policy": {"type": "fixed"},
            "words": "where a person puts it",
            "configured": False,
            "set_by": "bob",
            "set_at": AT,
        },
        "frozen": None,
        "second_person": False,
        "outlook": outlook(0.7),
        "aim": {
            "outcome": "held",
            "score": None,
            "kept": False,
            "threshold": 0.7,
            "rails": [],
            "reason": "held: the policy is fixed, so labels move nothing",
        },
        "waiting": {"proposed": 0, "approved": 0},
        "watch": None,
        "new_model": None,
    }
    return Threshold.model_validate(told | changes)


def move(**changes: Any) -> Move:
    told: dict[str, Any] = {
        "id": "m1",
        "created_at": AT,
        "kind": "manual",
        "state": "approved",
        "rule": {"score": 0.8, "rarity": None},
        "threshold_before": 0.7,
        "threshold_after": 0.8,
        "reason": "quieter",
        "made_by": "alice",
        "base_release": 3,
        "decided_by": None,
        "decided_at": None,
        "note": None,
        "release": None,
        "figures": {},
    }
    return Move.model_validate(told | changes)


def test_what_is_in_force_is_told_with_its_reason_and_what_it_gives() -> None:
    """Score, release, who, policy, estimates, what comes next."""
    assert threshold_lines(threshold()) == [
        "payments: threshold 0.7000, release 3 by alice at 2026-03-04T05:06:07+00:00",
        "  why: too many",
        "  policy: where a person puts it (set by bob)",
        (
            "  gives: precision 80% (70% to 88%), recall unknown: nothing real was found yet, "
            "2 alerts an hour (40 answered, 90% intervals; "
            "answers taken as right: 0 of 20 second opinions)"
        ),
        "  next: held: the policy is fixed, so labels move nothing",
    ]


def test_a_model_that_let_the_evidence_begin_anew_is_told() -> None:
    """In the words of the API, before what the threshold gives."""
    told = {"release": 4, "made_by": "s", "made_at": AT, "labels": 3, "needed": 30, "text": "anew"}
    assert threshold_lines(threshold(new_model=told))[3] == "  model: anew"


def test_whether_the_promise_holds_is_told() -> None:
    """With the reason of the watch."""
    watch = {"state": "too_early", "alerts": 3, "due": 2, "answers": 1, "reason": "3 alerts since"}
    lines = threshold_lines(threshold(watch=watch))
    assert lines[4] == "  promise since then: too early; 3 alerts since"


def test_before_any_release_and_event_that_is_said() -> None:
    """A rarity rule has no score; a freeze and waiting moves are told."""
    lines = threshold_lines(
        threshold(
            rule={"score": None, "rarity": 0.001},
            threshold=None,
            release=0,
            made_by=None,
            made_at=None,
            reason=None,
            outlook=None,
            frozen={"by": "eve", "at": AT, "reason": "maintenance"},
            waiting={"proposed": 2, "approved": 1},
        )
    )
    assert lines == [
        (
            "payments: threshold by rarity, the rarest 0.100% of the events, as configured; no "
            "release has set it yet"
        ),
        "  policy: where a person puts it (set by bob)",
        "  frozen by eve since 2026-03-04T05:06+00:00: maintenance",
        "  gives: unknown, there was no alert and no sample yet",
        "  next: nothing, it is frozen",
        (
            "  moves that wait: 2 for consent, 1 for the trainer; "
            "`floodline threshold moves` lists them"
        ),
    ]


def test_a_preview_names_what_is_gained_and_lost() -> None:
    """Counts by verdict, and the highest events; what a terminal would act on is taken out."""
    none = {"events": 0, "real": 0, "false": 0, "unanswered": 0, "top": []}
    event = {"id": "t/0/7", "score": 0.75, "entity": "acct\x1b[31m", "verdict": None}
    lost = {"events": 12.4, "real": 2, "false": 3, "unanswered": 7.4, "top": [event]}
    told = {
        "now": outlook(0.7),
        "then": outlook(0.8),
        "alerts_a_day_now": 48.0,
        "alerts_a_day_then": None,
        "gained": none,
        "lost": lost,
    }
    lines = preview_lines(Preview.model_validate(told))
    assert lines[0].startswith("now,  at 0.7000: 48.0 alerts a day, precision 80%")
    assert lines[1].startswith("then, at 0.8000: unknown alerts a day")
    assert lines[2:] == [
        "alerts gained: none",
        "alerts lost: about 12, of them 2 real, 3 false, 7 unanswered",
        "  0.7500  unanswered    acct?[31m  t/0/7",
    ]


def test_a_move_says_what_comes_of_it() -> None:
    """Approved, proposed, rejected."""
    assert asked_line(move()).endswith("approved: `floodline train` releases it within seconds")
    assert "floodline threshold approve m1" in asked_line(move(state="proposed"))
    assert asked_line(move(state="rejected")) == "move m1 is rejected"
    by_rarity = move(rule={"score": None, "rarity": 0.001}, threshold_after=None, kind="undo")
    assert move_line(by_rarity).split() == [
        *("m1", "2026-03-04T05:06:07+00:00", "undo", "approved", "by", "rarity"),
        *("alice:", "quieter"),
    ]
    assert "alice, decided by bob: quieter" in move_line(move(decided_by="bob"))


def test_reasons_and_names_have_something_in_them() -> None:
    """Blank ones are refused, with what to write instead."""
    assert said("  why ") == "why"
    for text in (" ", "x" * 201, "a\0b"):
        with pytest.raises(typer.BadParameter, match="1 to 200"):
            said(text)
    assert person("alice").name == "alice"
    assert person(None).name
    for name in (" ", "x" * 101, "a\nb"):
        with pytest.raises(ConfigurationError, match="--as"):
            person(name)
