"""The ledger of labels that teach, and the model that they teach."""

import base64
from datetime import timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from sqlalchemy import Engine

from floodline.detection.parameters import DefaultProfile, RiverProfile
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import ModelRef, Release
from floodline.feedback.verdicts import Verdict
from floodline.storage import alerts, labels, lesson_rows, releases, teachable_model
from floodline.storage.alerts import NewAlert
from floodline.storage.engine import transaction
from floodline.storage.labels import NewLabel
from floodline.storage.lesson_rows import Ledger
from floodline.storage.teachable_model import TeachableModel
from tests.integration.storage.samples import (
    DETECTOR,
    EXPLANATION,
    NOW,
    new_alert,
    store,
    store_user,
)

TREES = DefaultProfile(trees=3, height=2)


def told(offset: int, leaves: tuple[int, ...] = (0, 1, 3), **given: Any) -> NewAlert:
    """An alert whose explanation tells its leaves, their excess and the bits."""
    data = base64.b64encode(np.array(leaves, "<u2").tobytes()).decode()
    excess = base64.b64encode(bytes([16, 0, 40][: len(leaves)])).decode()
    told = {"leaves": data, "excess": excess, "total": 9.25, "usual": 2.0 + offset}
    explanation = EXPLANATION | told
    return new_alert(offset, **({"explanation": explanation} | given))


def answer(engine: Engine, alert: NewAlert, verdict: str, minutes: int, who: str = "ana") -> str:
    """An analyst's label, so many minutes after noon; its id."""
    analyst = store_user(engine, who)
    with transaction(engine) as session:
        row = alerts.get_for_labelling(session, DETECTOR, alert.id)
        assert row is not None
        new = NewLabel(
            id=f"{alert.offset}-{who}-{verdict}",
            analyst_id=analyst,
            verdict=verdict,
            reason=None,
            note=None,
            created_at=NOW + timedelta(minutes=minutes),
        )
        return labels.record(session, row, new)[0].id


def ledger(engine: Engine, **given: Any) -> Ledger:
    """The ledger two hours after noon."""
    settings: dict[str, Any] = {"now": NOW + timedelta(hours=2), "since_release": 0}
    with transaction(engine) as session:
        return lesson_rows.recent(session, DETECTOR, **(settings | given))


def test_the_ledger_has_what_teaches_in_its_order(engine: Engine) -> None:
    """By time, then by id; with leaves, bits above the usual, analysts, trust and ages."""
    first, second, third = told(1), told(2, (3, 3, 0)), told(3)
    store(engine, first, second, third)
    late = answer(engine, first, "confirmed", 30)
    early = answer(engine, second, "new_normal", 10)
    other = answer(engine, third, "false_alarm", 30, "bob")
    answer(engine, third, "unsure", 40, "cem")
    found = ledger(engine)
    assert found.label_ids == (early, *sorted((late, other)))
    assert found.alert_ids == (second.id, first.id, third.id)
    lessons = found.lessons
    assert lessons.leaves.tolist() == [[3, 3, 0], [0, 1, 3], [0, 1, 3]]
    assert lessons.excess.tolist() == [[1.0, 0.0, 2.5]] * 3
    assert lessons.surprise.tolist() == [5.25, 6.25, 4.25]
    assert lessons.verdicts == (Verdict.NEW_NORMAL, Verdict.CONFIRMED, Verdict.FALSE_ALARM)
    assert lessons.analysts.tolist() == [0, 0, 1]
    assert lessons.trust.tolist() == [1.0, 1.0, 1.0]
    assert lessons.ages.tolist() == pytest.approx([110 / 60, 1.5, 1.5])


def test_a_corrected_label_is_as_if_it_had_never_been(engine: Engine) -> None:
    """The later label alone counts, at its own time; one that teaches nothing takes it away."""
    first, second = told(1), told(2)
    store(engine, first, second)
    answer(engine, first, "confirmed", 1)
    answer(engine, second, "confirmed", 2)
    answer(engine, first, "false_alarm", 3)
    answer(engine, second, "planned", 4)
    assert ledger(engine).label_ids == ("1-ana-false_alarm",)
    before = ledger(engine, until=NOW + timedelta(minutes=2))
    assert before.label_ids == ("1-ana-confirmed", "2-ana-confirmed")


def test_trust_is_agreement(engine: Engine) -> None:
    """Two of three say real: a third of the step each; half against half: none."""
    split, half = told(1), told(2)
    store(engine, split, half)
    for minutes, (who, verdict) in enumerate(
        [("ana", "confirmed"), ("bob", "known_issue"), ("cem", "new_normal")]
    ):
        answer(engine, split, verdict, minutes, who)
    answer(engine, half, "confirmed", 10, "ana")
    answer(engine, half, "false_alarm", 11, "bob")
    assert ledger(engine).lessons.trust.tolist() == pytest.approx([1 / 3] * 3 + [0.0] * 2)


def test_events_that_tell_no_leaves_of_the_model_teach_nothing(engine: Engine) -> None:
    """Without an explanation, without the usual, of other trees, of an earlier release."""
    kept = told(1, release=4)
    bare = new_alert(2, release=4)
    plain = new_alert(3, explanation=EXPLANATION, release=4)
    broken = told(4, release=4, explanation={"leaves": "?", "total": 1.0, "usual": 0.0})
    other, old = told(5, (1, 2), release=4), told(6, release=3)
    foreign = told(7, detector="other", release=4)
    every = (kept, bare, plain, broken, other, old)
    store(engine, *every, foreign)
    for minutes, each in enumerate(every):
        answer(engine, each, "confirmed", minutes)
    assert ledger(engine, since_release=4, trees=3).alert_ids == (kept.id,)
    assert ledger(engine, since_release=4).alert_ids == (other.id,)
    nothing = ledger(engine, since_release=9)
    assert (nothing.label_ids, nothing.lessons.leaves.shape) == ((), (0, 0))


def test_an_alert_of_an_earlier_version_teaches_in_every_tree_alike(engine: Engine) -> None:
    """It does not say what each tree found; what no tree of these can have said teaches nothing."""
    whole = told(1).explanation
    assert whole is not None
    store(
        engine,
        told(1, explanation={name: whole[name] for name in whole if name != "excess"}),
        told(2, explanation=whole | {"excess": "AAA="}),
        told(3, explanation=whole | {"excess": "?"}),
    )
    store(
        engine, told(4, (0, 1, 4)), told(5, explanation=whole | {"total": 1e308, "usual": -1e308})
    )
    for each in range(1, 6):
        answer(engine, told(each), "confirmed", each)
    found = ledger(engine, trees=3, height=2)
    assert found.alert_ids == (told(1).id,)
    assert found.lessons.excess.tolist() == [[0.0, 0.0, 0.0]]


def test_what_was_read_of_alerts_is_kept(engine: Engine) -> None:
    """The second reading asks for new ones alone, and gives the same."""
    store(engine, told(1), told(2))
    answer(engine, told(1), "confirmed", 1)
    known: lesson_rows.Known = {}
    ledger(engine, known=known)
    assert list(known) == [told(1).id]
    answer(engine, told(2), "false_alarm", 2)
    again = ledger(engine, known=known)
    assert len(known) == 2
    assert again.lessons.leaves.tolist() == ledger(engine).lessons.leaves.tolist()
    with transaction(engine) as session:
        assert lesson_rows.count(session) == 2


def released(
    engine: Engine, number: int, kind: str, parameters: DefaultProfile | None = None, **figures: Any
) -> None:
    """A release, with a model of its own where parameters are given."""
    model = None
    if parameters is not None:
        model = ModelRef(parameters=parameters, state_sha256=f"{number:064}")
    release = Release(
        number=number,
        detector=DETECTOR,
        kind=kind,
        threshold=ThresholdRule(score=0.5),
        reason="test",
        made_by="test",
        created_at=NOW.isoformat(),
        model=model,
    )
    with transaction(engine) as session:
        releases.insert(session, release, topic="shuttle.releases", figures=figures, now=NOW)


def in_force(engine: Engine, configured: DefaultProfile | RiverProfile) -> TeachableModel | None:
    """The model in force."""
    with transaction(engine) as session:
        return teachable_model.in_force(session, DETECTOR, configured, ("b", "a"))


def test_labels_hold_for_every_model_with_the_same_trees(engine: Engine) -> None:
    """A retrain with another window keeps them, one with another seed does not."""
    first = in_force(engine, TREES)
    assert first is not None
    assert (first.since, first.features, first.parameters) == (0, ("a", "b"), TREES)
    same = msgspec.structs.replace(TREES, window=99)
    released(engine, 1, "recalibration")
    released(engine, 2, "retrain", same)
    found = in_force(engine, TREES)
    assert found is not None
    assert (found.since, found.trees, found.parameters) == (0, first.trees, same)
    other = msgspec.structs.replace(TREES, seed=7)
    released(engine, 3, "retrain", other)
    released(engine, 4, "retrain", other)
    found = in_force(engine, TREES)
    assert found is not None
    assert (found.since, found.parameters) == (3, other)
    assert found.trees != first.trees
    assert in_force(engine, RiverProfile()) is not None


def test_a_model_without_leaf_weights_cannot_be_taught(engine: Engine) -> None:
    """River's profile has none."""
    assert in_force(engine, RiverProfile()) is None


def test_trees_that_were_configured_anew_leave_older_alerts_out(engine: Engine) -> None:
    """The last release that taught says of which trees it was."""
    before, other = in_force(engine, TREES), msgspec.structs.replace(TREES, seed=7)
    assert before is not None
    released(engine, 1, "teaching", None, **before.figures())
    found = in_force(engine, other)
    assert found is not None
    assert found.since == 2
    released(engine, 2, "teaching", None, **found.figures())
    released(engine, 3, "recalibration")
    assert in_force(engine, other) == found
