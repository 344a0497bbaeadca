"""Which labels raised or lowered an alert."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from feedback_api.access.identity import Identity
from feedback_api.lesson_shelf import TaughtLabels
from feedback_api.representations.alerts import Explanation
from feedback_api.representations.lessons import LabelEffect, Lesson, Rest
from feedback_api.use_cases.alerts import get_alert
from feedback_api.use_cases.lesson_footing import LessonFooting
from feedback_api.use_cases.naming import name_of
from floodline.feedback.leaf_likeness import leaf_likeness
from floodline.feedback.lessons import taught
from floodline.feedback.verdicts import Verdict
from floodline.storage import (
    alerts,
    labels,
    lesson_rows,
    model_tenure,
    reached_leaves,
    teaching_releases,
)
from floodline.storage.tables import AlertRow

_NOUNS = {
    Verdict.CONFIRMED: "confirmation",
    Verdict.FALSE_ALARM: "rejection",
    Verdict.NEW_NORMAL: "new normal",
    Verdict.KNOWN_ISSUE: "known issue",
    Verdict.MISSED: "report of a miss",
}


@dataclass(frozen=True)
class _Effects:
    """What each label of a ledger added to one event, (n,), and how alike their events are."""

    release: int
    label_ids: tuple[str, ...]
    effects: NDArray[np.float64]
    likeness: NDArray[np.float64]


def read_lesson(
    session: Session, footing: LessonFooting, identity: Identity, alert_id: str, limit: int
) -> Lesson:
    """What labels made of an alert's score, and the `limit` that did most.

    The lessons are those of the release that taught when the alert was raised, computed anew from
    the labels made before it.

    Raises:
        NotFound: this detector raised no such alert.
    """
    alert = get_alert(session, footing.detector, alert_id)
    told = None if alert.explanation is None else Explanation.model_validate(alert.explanation)
    found = None if told is None or not told.lesson else _effects(session, footing, alert)
    effects = np.zeros(0) if found is None else found.effects
    sizes = np.abs(effects)
    largest = np.argsort(-sizes, kind="stable")[:limit]
    largest = largest[sizes[largest] > 0.0]
    items = [] if found is None else _told(session, footing, identity, found, largest)
    left = np.delete(effects, largest)
    return Lesson(
        alert_id=alert.id,
        published=0.0 if told is None else told.lesson,
        effect=0.0 if told is None else lesson_effect(told, alert.score),
        total=None if told is None else told.total,
        usual=None if told is None else told.usual,
        release=None if found is None else found.release,
        labels=sizes.size,
        items=items,
        rest=Rest(
            labels=sizes.size - len(items),
            effect=float(left.sum()),
            share=float(np.abs(left).sum() / sizes.sum()) if sizes.any() else 0.0,
        ),
        untold=(0.0 if told is None else told.lesson) - float(effects.sum()),
    )


def lesson_effect(told: Explanation, score: float) -> float:
    """By how many bits labels moved a published score.

    That is the lesson where it raises an event; a lower one is stopped near the ordinary, so it is
    read from the score: log2(score / (1 - score)) less the plain bits.
    """
    if told.lesson >= 0.0 or not 0.0 < score < 1.0:
        return told.lesson
    return max(math.log2(score / (1.0 - score)) - told.total, told.lesson)


def _effects(session: Session, footing: LessonFooting, alert: AlertRow) -> _Effects | None:
    detector = footing.detector
    model = model_tenure.of_release(session, detector, alert.release, footing.model)
    release = teaching_releases.newest(session, detector, up_to=alert.release)
    place = None
    if model.teachable is not None:
        place = reached_leaves.read(alert.explanation, model.teachable)
    if model.teachable is None or release is None or place is None:
        return None
    height, teaching = model.teachable.height, footing.teaching

    def learnt() -> TaughtLabels:
        ledger = lesson_rows.recent(
            session,
            detector,
            now=release.created_at,
            since_release=release.figures.get("since", model.since),
            until=release.created_at,
            trees=place.leaves.size,
            height=height,
        )
        found = taught(ledger.lessons, height, teaching)
        return TaughtLabels(ledger.label_ids, ledger.lessons.leaves, found.shares, found.steps)

    found = footing.shelf.get(release.number, learnt)
    likeness = leaf_likeness(place.leaves, found.leaves, height, teaching.gamma, found.shares)
    return _Effects(release.number, found.label_ids, found.steps * likeness, likeness)


def _told(
    session: Session,
    footing: LessonFooting,
    identity: Identity,
    found: _Effects,
    chosen: NDArray[np.intp],
) -> list[LabelEffect]:
    signed = labels.with_ids(session, [found.label_ids[place] for place in chosen])
    theirs = [each.row.alert_id for each in signed.values()]
    events = {row.id: row for row in alerts.with_ids(session, footing.detector, theirs)}
    whole = float(np.abs(found.effects).sum())
    made = []
    for place in chosen.tolist():
        label = signed[found.label_ids[place]]
        name, effect = name_of(events[label.row.alert_id]), float(found.effects[place])
        way = "raised" if effect > 0.0 else "lowered"
        whose = "your" if label.analyst == identity.name else f"{label.analyst}'s"
        noun = _NOUNS[Verdict(label.row.verdict)]
        made.append(
            LabelEffect(
                label_id=label.row.id,
                alert_id=label.row.alert_id,
                name=name,
                verdict=label.row.verdict,
                analyst=label.analyst,
                created_at=label.row.created_at,
                likeness=float(found.likeness[place]),
                effect=effect,
                share=abs(effect) / whole,
                text=f"{way} by {whose} {noun} of {name}",
            )
        )
    return made
