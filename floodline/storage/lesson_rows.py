"""The ledger: the labels that teach the forest, in their order, with what their events reached."""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from floodline.feedback.leaf_likeness import MOST_LEVELS
from floodline.feedback.lessons import Lessons
from floodline.feedback.verdicts import Verdict
from floodline.storage import reached_leaves
from floodline.storage.reached_leaves import Place
from floodline.storage.tables import AlertRow, LabelRow

MOST = 20_000
"""Newest labels that teach."""

_TEACHING = [verdict.value for verdict in Verdict if verdict.teaches is not None]
_AT_ONCE = 500
_HOUR = timedelta(hours=1)


Reached = tuple[Place, float] | None
"""Where an event lay and its bits above the usual; None where it was not told."""

Known = dict[str, Reached]
"""By alert what it reached, which is the same under one model: kept from reading to reading."""

Route = Callable[[Sequence[dict[str, float]]], Sequence[Reached]]
"""What events of these features reach in the model in force."""


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """Labels that teach, and of each its id and its alert's."""

    lessons: Lessons
    label_ids: tuple[str, ...]
    alert_ids: tuple[str, ...]


def recent(
    session: Session,
    detector: str,
    *,
    now: datetime,
    since_release: int,
    until: datetime | None = None,
    trees: int | None = None,
    height: int = MOST_LEVELS,
    known: Known | None = None,
    route: Route | None = None,
) -> Ledger:
    """The newest `MOST` current labels that teach, ordered by their time, then by their id.

    Left out are labels on events whose explanation does not tell leaves and bits, or tells other
    leaves; and those on what came under a release before `since_release`, unless `route` tells what
    such events reach now. Trust in a label is its analysts' agreement on the event: 1 together, 0
    split in half.

    Args:
        session: of the database.
        detector: its name.
        now: ages are counted back from it.
        since_release: the first release whose leaves are those of the model in force.
        until: as the ledger was at this moment; None: as it is.
        trees: how many the model in force has; None: as many as the newest event tells of.
        height: of its trees: an event with a leaf that they lack is left out.
        known: what earlier readings found, which this one adds to; None: all is read.
        route: of events that another model scored; None: they are left out.
    """
    said = _labels(session, detector, 0 if route is not None else since_release, until)
    reached = known if known is not None else {}
    for rows in _asked(session, sorted({row.alert_id for row in said} - reached.keys())):
        reached |= _told(rows, since_release)
        if route is not None:
            reached |= _routed(rows, since_release, route)
    _forget(reached, said)
    if trees is None:
        told = (found for row in reversed(said) if (found := reached[row.alert_id]) is not None)
        trees = next((len(place.leaves) for place, _ in told), 0)
    kept = [row for row in said if _fits(reached[row.alert_id], trees, height)]
    return Ledger(
        lessons=_lessons(kept, reached, trees, now),
        label_ids=tuple(row.id for row in kept),
        alert_ids=tuple(row.alert_id for row in kept),
    )


def count(session: Session) -> int:
    """How many labels there are of all detectors, superseded ones too: it grows with each."""
    return session.scalar(select(func.count()).select_from(LabelRow)) or 0


def _labels(
    session: Session, detector: str, since_release: int, until: datetime | None
) -> Sequence[Any]:
    scope = (AlertRow.detector == detector) & (AlertRow.release >= since_release)
    if until is not None:
        scope &= LabelRow.created_at <= until
    chosen = (
        select(
            LabelRow.id,
            LabelRow.alert_id,
            LabelRow.analyst_id,
            LabelRow.verdict,
            LabelRow.created_at,
        )
        .join(AlertRow, AlertRow.id == LabelRow.alert_id)
        .where(scope, LabelRow.verdict.in_(_TEACHING), _current(until))
        .order_by(LabelRow.created_at.desc(), LabelRow.id.desc())
        .limit(MOST)
    )
    return session.execute(chosen).all()[::-1]


def _current(until: datetime | None) -> ColumnElement[bool]:
    """No later label takes its place, or had by then."""
    later = aliased(LabelRow)
    replaced = later.supersedes == LabelRow.id
    if until is not None:
        replaced &= later.created_at <= until
    return ~exists().where(replaced)


def _asked(session: Session, ids: list[str]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(ids), _AT_ONCE):
        part = AlertRow.id.in_(ids[start : start + _AT_ONCE])
        columns = (AlertRow.id, AlertRow.release, AlertRow.features, AlertRow.explanation)
        yield session.execute(select(*columns).where(part)).all()


def _told(rows: Sequence[Any], since: int) -> Known:
    return {row.id: _reached(row.explanation) for row in rows if row.release >= since}


def _routed(rows: Sequence[Any], since: int, route: Route) -> Known:
    older = [row for row in rows if row.release < since]
    found = route([row.features for row in older]) if older else []
    return dict(zip((row.id for row in older), found, strict=True))


def _reached(explanation: dict[str, Any] | None) -> Reached:
    place = reached_leaves.told(explanation)
    total, usual = ((explanation or {}).get(name) for name in ("total", "usual"))
    if place is None or total is None or usual is None:
        return None
    surprise = float(total) - float(usual)
    return (place, surprise) if math.isfinite(surprise) else None


def _forget(reached: Known, said: Sequence[Any]) -> None:
    """Hold on to what is still used alone, once there is much else."""
    if len(reached) > 2 * MOST:
        used = {row.alert_id for row in said}
        for id in reached.keys() - used:
            del reached[id]


def _fits(found: Reached, trees: int, height: int) -> bool:
    if found is None or len(found[0].leaves) != trees:
        return False
    return not trees or int(found[0].leaves.max()) < 2**height


def _lessons(rows: Sequence[Any], reached: Known, trees: int, now: datetime) -> Lessons:
    found = [each for row in rows if (each := reached[row.alert_id]) is not None]
    shape = len(found), trees
    analysts: dict[str, int] = {}
    return Lessons(
        leaves=np.array([place.leaves for place, _ in found], np.uint16).reshape(shape),
        excess=np.array([place.excess for place, _ in found], np.float64).reshape(shape),
        surprise=np.array([surprise for _, surprise in found], np.float64),
        verdicts=tuple(Verdict(row.verdict) for row in rows),
        analysts=np.array(
            [analysts.setdefault(row.analyst_id, len(analysts)) for row in rows], np.int64
        ),
        trust=_trust(rows),
        ages=np.array([max((now - row.created_at) / _HOUR, 0.0) for row in rows], np.float64),
    )


def _trust(rows: Sequence[Any]) -> NDArray[np.float64]:
    """How far the analysts of each label's event agree that it is real, or that it is not."""
    numbers: dict[str, int] = {}
    events = np.array([numbers.setdefault(row.alert_id, len(numbers)) for row in rows], np.int64)
    real = np.array([Verdict(row.verdict).teaches == "up" for row in rows], np.float64)
    shares = np.bincount(events, real) / np.bincount(events) if len(rows) else np.zeros(0)
    return np.asarray(np.abs(2 * shares - 1)[events], np.float64)
