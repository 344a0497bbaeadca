"""What people ask of the threshold: approved moves become releases, a new policy is applied."""

from datetime import datetime

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from floodline.configuration.sections import Configuration
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import Conflict
from floodline.storage import controls, moves, outbox, releases, threshold_state
from floodline.storage.engine import reading, transaction
from floodline.storage.moves import MoveKind, MoveState
from floodline.storage.tables import MoveRow
from trainer import proposals, release_lease, review_plan
from trainer.judgement import evidence_of, policy_is_new
from trainer.ports import Now, ReleaseChannel
from trainer.publication import publish_waiting
from trainer.recalibration import Recalibration, recalibrate_once
from trainer.tenure import Tenure
from trainer.threshold_release import store_release

_MOST = 1_000
_BY_PEOPLE = (MoveKind.MANUAL, MoveKind.UNDO)
_RELEASE_KINDS: dict[str, str] = {MoveKind.MANUAL: "manual", MoveKind.UNDO: "undo"}


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an approved move: `released` under a number, or `stale` and why."""

    id: str
    kind: str
    state: str
    release: int | None
    note: str | None


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What was done of what people asked for; `recalibration` where the policy was a new one."""

    frozen: bool
    moves: tuple[Moved, ...]
    recalibration: Recalibration | None


def follow_people(
    engine: Engine, configuration: Configuration, channel: ReleaseChannel, now: Now, made_by: str
) -> Followed:
    """Release the approved moves in their order, apply a policy that was changed, and publish.

    A look that finds nothing to do reads three rows and takes no lease. While the threshold is
    frozen, approved moves and a new policy wait. A release that Kafka did not take is published
    here too.

    Raises:
        Conflict: another trainer does this now, or decided on a move meanwhile.
        DependencyDown: SQL or Kafka does not answer; a release that is stored waits in the outbox.
    """
    detector = configuration.detector.name
    with reading(engine) as session:
        found = controls.get(session, detector)
        waiting = [] if found.frozen else [row.id for row in moves.waiting(session, detector)]
        topic = configuration.topics.releases
        unsent = any(
            row.topic == topic for row in outbox.waiting(session, releases.OUTBOX_KIND, _MOST)
        )
        new_policy = not found.frozen and policy_is_new(session, detector, found)
    done: tuple[Moved, ...] = ()
    if waiting or unsent:
        done = _release_all(engine, configuration, channel, now, waiting)
    recalibration = None
    if new_policy:
        recalibration = recalibrate_once(engine, configuration, channel, now, made_by)
    return Followed(frozen=found.frozen, moves=done, recalibration=recalibration)


def _release_all(
    engine: Engine,
    configuration: Configuration,
    channel: ReleaseChannel,
    now: Now,
    waiting: list[str],
) -> tuple[Moved, ...]:
    with release_lease.held(engine, configuration, now) as tenure:
        done = [_follow(engine, configuration, id, tenure, now) for id in waiting]
        publish_waiting(engine, channel, configuration.topics.releases, now)
    return tuple(each for each in done if each is not None)


def _follow(
    engine: Engine, configuration: Configuration, id: str, tenure: Tenure, now: Now
) -> Moved | None:
    """One move in one transaction; None where a person took it back, or froze, meanwhile."""
    detector = configuration.detector.name
    try:
        with transaction(engine) as session:
            at = now()
            tenure.confirm_in(session)
            row = moves.get(session, detector, id)
            frozen = controls.get(session, detector).frozen
            if row is None or row.state != MoveState.APPROVED or frozen:
                return None
            why = _outdated(session, configuration, row)
            if why is None:
                proposals.released(session, row, _release(session, configuration, row, at), at)
            else:
                proposals.stale(session, row, why, at)
            return Moved(id=id, kind=row.kind, state=row.state, release=row.release, note=row.note)
    except IntegrityError as error:
        raise Conflict("another release was made at the same time; run it again") from error


def _outdated(session: Session, configuration: Configuration, row: MoveRow) -> str | None:
    """Why a move no longer fits; None where it does.

    A person who asks again within the second has seen the earlier of the two: the later one holds.
    """
    detector = configuration.detector.name
    rule, number = threshold_state.in_force(session, detector, configuration.initial_rule)
    if releases.model_number(session, detector) > row.base_release:
        return f"release {number} came meanwhile, with another model: scores differ under it"
    if moves.of_earlier_policy(row, controls.get(session, detector).policy_at):
        return proposals.EARLIER_POLICY
    if _rule(row) == rule:
        return f"release {number} has this threshold already"
    if row.base_release == number or (row.kind in _BY_PEOPLE and _after(session, row, number)):
        return None
    return (
        f"it was made against the threshold of release {row.base_release}; that of release "
        f"{number} is in force by now"
    )


def _after(session: Session, row: MoveRow, number: int) -> bool:
    """Whether a move was asked for after what made the release in force was."""
    made = releases.get(session, row.detector, number)
    asked = moves.of_release(session, row.detector, number)
    if asked is not None and asked.kind in _BY_PEOPLE:
        return asked.created_at <= row.created_at
    return made is not None and made.created_at <= row.created_at


def _rule(row: MoveRow) -> ThresholdRule:
    return msgspec.convert(row.rule, ThresholdRule)


def _release(session: Session, configuration: Configuration, row: MoveRow, now: datetime) -> int:
    newest = releases.newest(session, configuration.detector.name)
    rule = _rule(row)
    evidence = evidence_of(session, configuration, now)
    consent = row.decided_by not in (None, row.made_by)
    return store_release(
        session,
        configuration,
        kind=_RELEASE_KINDS.get(row.kind, "recalibration"),
        rule=rule,
        sampling=review_plan.plan(evidence, configuration, newest, rule.score),
        reason=f"{row.reason}; approved by {row.decided_by}" if consent else row.reason,
        made_by=row.made_by,
        figures=row.figures | {"move": row.id},
        now=now,
    )
