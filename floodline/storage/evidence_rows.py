"""Alerts, samples, their current labels and the releases they came under, as evidence."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.evidence import Answers, Chosen, Epoch, Evidence
from floodline.feedback.review_sampling import Sampling
from floodline.feedback.verdicts import Verdict
from floodline.storage import releases
from floodline.storage.alerts import Kind
from floodline.storage.current_labels import COUNTING, current
from floodline.storage.tables import AlertRow, LabelRow, ReleaseRow

MOST = 20_000
"""Newest alerts and samples that are looked at."""

_COUNTS = {verdict.value: verdict.counts_as for verdict in Verdict}
_HOUR = timedelta(hours=1)
Rows = list[Any]
Said = dict[str, dict[str, tuple[bool, bool]]]
"""By alert and analyst: whether it was called real, and whether as a second opinion."""


class Gathered(msgspec.Struct, frozen=True):
    """Evidence; of each alert or sample that was chosen, in its order, the id and the entity."""

    evidence: Evidence
    ids: tuple[str, ...]
    entities: tuple[str | None, ...]


def recent(
    session: Session,
    detector: str,
    *,
    now: datetime,
    hours: float,
    since_release: int,
    initial_rule: ThresholdRule,
    initial_sampling: Sampling | None,
    half_life: float | None = None,
) -> Evidence:
    """What was chosen for review of late, and what its analysts say of it now.

    The newest `MOST` alerts and samples that were taken in within the last `hours`, under releases
    from `since_release` on (earlier ones had another model). Left out is what came under a release
    that this database does not know, since nobody can tell then what was drawn. Releases that only
    teach, and there may be thousands, count as the one whose threshold they go on with. An event
    whose labels count for nothing (planned, unsure) is there as one without an answer: it was an
    alert, and nobody can make alerts disappear from a rate by calling them planned.

    Args:
        session: of the database.
        detector: its name.
        now: ages are counted back from it.
        hours: how far to look back.
        since_release: the release that brought the model in force; 0 before any.
        initial_rule: the threshold before any release.
        initial_sampling: what was drawn before any release.
        half_life: hours after which an event counts half; None: age does not matter.
    """
    return gathered(
        session,
        detector,
        now=now,
        hours=hours,
        since_release=since_release,
        initial_rule=initial_rule,
        initial_sampling=initial_sampling,
        half_life=half_life,
    ).evidence


def gathered(
    session: Session,
    detector: str,
    *,
    now: datetime,
    hours: float,
    since_release: int,
    initial_rule: ThresholdRule,
    initial_sampling: Sampling | None,
    half_life: float | None = None,
) -> Gathered:
    """The same as `recent`, with the ids and entities."""
    scope = (
        (AlertRow.detector == detector)
        & (AlertRow.release >= since_release)
        & (AlertRow.received_at >= now - hours * _HOUR)
    )
    epochs = {0: 0} | releases.epochs(session, detector, since_release)
    answers = _answers(session, scope)
    rows = [row for row in _chosen(session, scope) if row.release in epochs]
    known = releases.numbered(session, detector, {epochs[row.release] for row in rows})
    evidence = Evidence(
        chosen=_columns(rows, epochs, now),
        answers=_answer_columns(rows, answers, _before_known(session, scope), now),
        epochs=_epochs(rows, epochs, known, initial_rule, initial_sampling),
        half_life=half_life,
    )
    ids, entities = tuple(row.id for row in rows), tuple(row.entity for row in rows)
    return Gathered(evidence, ids, entities)


def _chosen(session: Session, scope: ColumnElement[bool]) -> Rows:
    chosen = (
        select(
            AlertRow.id,
            AlertRow.entity,
            AlertRow.topic_id,
            AlertRow.partition,
            AlertRow.offset,
            AlertRow.score,
            AlertRow.threshold,
            AlertRow.release,
            AlertRow.kind,
            AlertRow.probability,
            AlertRow.received_at,
        )
        .where(scope)
        .order_by(AlertRow.received_at.desc(), AlertRow.id.desc())
        .limit(MOST)
    )
    return list(session.execute(chosen).all())


def _answers(session: Session, scope: ColumnElement[bool]) -> Rows:
    chosen = (
        select(LabelRow.alert_id, LabelRow.analyst_id, LabelRow.verdict, LabelRow.created_at)
        .join(AlertRow, AlertRow.id == LabelRow.alert_id)
        .where(scope, LabelRow.verdict.in_(COUNTING), current())
        .order_by(LabelRow.created_at, LabelRow.id)
    )
    return list(session.execute(chosen).all())


def _before_known(session: Session, scope: ColumnElement[bool]) -> Said:
    """On what has second opinions: what each analyst said before knowing what others had said.

    Of who was asked without knowing, the first such answer; of the others, the last one before it.
    """
    chosen = (
        select(LabelRow.alert_id, LabelRow.analyst_id, LabelRow.verdict, LabelRow.blind)
        .join(AlertRow, AlertRow.id == LabelRow.alert_id)
        .where(
            scope,
            LabelRow.alert_id.in_(select(LabelRow.alert_id).where(LabelRow.blind)),
            LabelRow.verdict.in_(COUNTING),
        )
        .order_by(LabelRow.created_at, LabelRow.id)
    )
    said: Said = {}
    for row in session.execute(chosen).all():
        of_alert = said.setdefault(row.alert_id, {})
        known = any(blind for _, blind in of_alert.values())
        if row.blind:
            of_alert.setdefault(row.analyst_id, (_COUNTS[row.verdict] is True, True))
        elif not known:
            of_alert[row.analyst_id] = (_COUNTS[row.verdict] is True, False)
    return said


def _columns(rows: Rows, epochs: dict[int, int], now: datetime) -> Chosen:
    numbers: dict[tuple[str, int], int] = {}
    places = [numbers.setdefault((row.topic_id, row.partition), len(numbers)) for row in rows]
    return Chosen(
        scores=np.array([row.score for row in rows], np.float64),
        thresholds=np.array([row.threshold for row in rows], np.float64),
        releases=np.array([epochs[row.release] for row in rows], np.int64),
        places=np.array(places, np.int64),
        offsets=np.array([row.offset for row in rows], np.int64),
        ages=np.array([_age(row.received_at, now) for row in rows], np.float64),
    )


def _answer_columns(rows: Rows, answers: Rows, before_known: Said, now: datetime) -> Answers:
    index = {row.id: number for number, row in enumerate(rows)}
    kept = [row for row in answers if row.alert_id in index]
    analysts: dict[str, int] = {}
    who = [analysts.setdefault(row.analyst_id, len(analysts)) for row in kept]
    found = Answers.open(
        items=np.array([index[row.alert_id] for row in kept], np.int64),
        analysts=np.array(who, np.int64),
        real=np.array([_COUNTS[row.verdict] for row in kept], np.bool_),
        ages=np.array([_age(row.created_at, now) for row in kept], np.float64),
    )
    for place, row in enumerate(kept):
        if row.alert_id in before_known:
            said = before_known[row.alert_id].get(row.analyst_id)
            found.blind[place] = said is not None and said[1]
            found.independent[place] = -1 if said is None else said[0]
    return found


def _age(at: datetime, now: datetime) -> float:
    return max((now - at) / _HOUR, 0.0)


def _epochs(
    rows: Rows,
    epochs: dict[int, int],
    known: dict[int, ReleaseRow],
    initial_rule: ThresholdRule,
    initial_sampling: Sampling | None,
) -> tuple[Epoch, ...]:
    found = []
    for number in sorted({epochs[row.release] for row in rows}):
        if number in known:
            release = releases.message(known[number])
            rule, sampling = release.threshold, release.sampling
            found.append(Epoch(release=number, threshold=rule.score, sampling=sampling))
        else:
            mine = [row for row in rows if epochs[row.release] == number]
            found.append(_first_epoch(mine, initial_rule, initial_sampling))
    return tuple(found)


def _first_epoch(rows: Rows, rule: ThresholdRule, sampling: Sampling | None) -> Epoch:
    """Before any release, by what the rows say: a configuration may have been changed since."""
    same = all(row.threshold == rule.score for row in rows)
    drawn = [row.probability for row in rows if row.kind == Kind.SAMPLE]
    if drawn:
        sampling = Sampling.even(len(drawn) / sum(1 / rate for rate in drawn))
    return Epoch(release=0, threshold=rule.score if same else None, sampling=sampling)
