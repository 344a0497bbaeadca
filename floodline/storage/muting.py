"""A known issue mutes what is alike: such alerts wait apart until another verdict closes it.

Samples are never muted: they show what the threshold misses, by chance alone.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from floodline.detection.parameters import DefaultProfile, ModelParameters
from floodline.feedback.lessons import Teaching
from floodline.feedback.verdicts import Verdict
from floodline.storage import model_tenure, reached_leaves
from floodline.storage.alerts import Kind, NewAlert
from floodline.storage.model_tenure import ModelTenure
from floodline.storage.reached_leaves import Place, ReachedLeaves, likeness
from floodline.storage.tables import AlertRow

LIKENESS = 0.5
"""From here on an alert is alike a known issue."""

MOST_ISSUES = 200
MOST_ALERTS = 2_000


def settle(session: Session, alert: AlertRow, before: str | None, model: ModelTenure) -> None:
    """After a label on `alert`: mute what is alike a new known issue, or let go what it muted.

    At most the newest `MOST_ALERTS` alerts without a verdict are looked at. `before` is the verdict
    that the alert had.
    """
    was, trees = before == Verdict.KNOWN_ISSUE, model.teachable
    if was == (alert.verdict == Verdict.KNOWN_ISSUE):
        return
    if was:
        _let_go(session, alert, model)
    elif trees is not None:
        _mute(session, alert, model, trees)


def muted(
    session: Session, detector: str, new: Sequence[NewAlert], configured: ModelParameters
) -> list[NewAlert]:
    """The same alerts, each that is alike an open known issue muted by it.

    Known issues are those that the model of the newest alert scored; `configured` is the model
    before any retrained one.
    """
    issue = (AlertRow.detector == detector) & (AlertRow.verdict == Verdict.KNOWN_ISSUE)
    if not new or session.scalar(select(AlertRow.id).where(issue).limit(1)) is None:
        return list(new)
    newest = max(each.release for each in new)
    model = model_tenure.of_release(session, detector, newest, configured)
    trees = model.teachable
    if trees is None:
        return list(new)
    told = [
        (each.id, each.explanation)
        for each in new
        if each.kind == Kind.ALERT and each.explanation is not None and each.release >= model.since
    ]
    issues = _issues(session, detector, model, trees)
    by = _nearest(issues, reached_leaves.gathered(told, trees), trees)
    return [replace(each, muted_by=by.get(each.id)) for each in new]


def count(session: Session, alert: AlertRow) -> int:
    """How many alerts without a verdict an alert mutes."""
    theirs = (
        (AlertRow.detector == alert.detector)
        & (AlertRow.muted_by == alert.id)
        & AlertRow.verdict.is_(None)
    )
    return session.scalar(select(func.count()).select_from(AlertRow).where(theirs)) or 0


def _mute(session: Session, alert: AlertRow, model: ModelTenure, trees: DefaultProfile) -> None:
    own = reached_leaves.gathered([(alert.id, alert.explanation or {})], trees)
    if not own.ids:
        return
    waiting = (
        (AlertRow.detector == alert.detector)
        & (AlertRow.kind == Kind.ALERT)
        & AlertRow.verdict.is_(None)
        & AlertRow.muted_by.is_(None)
        & model.scored()
    )
    found = reached_leaves.newest(session, waiting, trees, MOST_ALERTS)
    by = _nearest(own, found, trees)
    _set(session, AlertRow.id.in_(by), alert.id)


def _let_go(session: Session, alert: AlertRow, model: ModelTenure) -> None:
    theirs = (AlertRow.detector == alert.detector) & (AlertRow.muted_by == alert.id)
    by, trees = dict[str, str](), model.teachable
    if trees is not None:
        issues = _issues(session, alert.detector, model, trees)
        waiting = theirs & AlertRow.verdict.is_(None)
        by = _nearest(issues, reached_leaves.newest(session, waiting, trees, MOST_ALERTS), trees)
    for issue in set(by.values()):
        _set(session, AlertRow.id.in_([id for id in by if by[id] == issue]), issue)
    _set(session, theirs, None)


def _issues(
    session: Session, detector: str, model: ModelTenure, trees: DefaultProfile
) -> ReachedLeaves:
    open_ones = (
        (AlertRow.detector == detector) & (AlertRow.verdict == Verdict.KNOWN_ISSUE) & model.scored()
    )
    return reached_leaves.newest(session, open_ones, trees, MOST_ISSUES)


def _nearest(issues: ReachedLeaves, found: ReachedLeaves, trees: DefaultProfile) -> dict[str, str]:
    """For each event that is alike an issue, the one that it is most alike."""
    if not issues.ids or not found.ids:
        return {}
    places = (Place(*each) for each in zip(issues.leaves, issues.excess, strict=True))
    alike = np.stack([likeness(own, found, trees, Teaching().gamma) for own in places])
    best = alike.argmax(axis=0)
    return {
        id: issues.ids[issue]
        for place, (id, issue) in enumerate(zip(found.ids, best.tolist(), strict=True))
        if alike[issue, place] >= LIKENESS
    }


def _set(session: Session, where: ColumnElement[bool], by: str | None) -> None:
    # Whoever labels one of them now takes it out of the queue: waiting for that could end in two
    # labels that wait for each other.
    free = select(AlertRow.id).where(where).with_for_update(skip_locked=True)
    session.execute(
        update(AlertRow)
        .where(AlertRow.id.in_(free))
        .values(muted_by=by)
        .execution_options(synchronize_session=False)
    )
