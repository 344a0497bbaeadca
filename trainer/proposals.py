"""The policy's own moves as rows: released at once, or proposed to a second person."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from floodline.configuration.sections import Configuration
from floodline.storage import audit, moves, threshold_state
from floodline.storage.moves import MoveKind, MoveState
from floodline.storage.tables import MoveRow
from trainer.judgement import Judgement

TRAINER = "trainer"
"""Who decides where no person does."""
EARLIER_POLICY = "the policy was changed since"
_MOST = 100


def move_of(
    session: Session, configuration: Configuration, look: Judgement, made_by: str, now: datetime
) -> MoveRow:
    """The move that the decision asks for, stored as proposed."""
    detector, decision = configuration.detector.name, look.decision
    _, base = threshold_state.in_force(session, detector, configuration.initial_rule)
    row = MoveRow(
        id=str(uuid.uuid4()),
        detector=detector,
        created_at=now,
        kind=MoveKind.POLICY,
        state=MoveState.PROPOSED,
        rule={"score": decision.threshold_after, "rarity": None},
        threshold_before=decision.threshold_before,
        threshold_after=decision.threshold_after,
        reason=decision.reason,
        made_by=made_by,
        base_release=base,
        figures=look.figures(),
    )
    moves.insert(session, row)
    return row


def released(session: Session, row: MoveRow, number: int, now: datetime) -> None:
    """Note on a move the release that it became."""
    by = row.decided_by or TRAINER
    moves.decide(session, row, MoveState.RELEASED, by, now, release=number)


def stale(session: Session, row: MoveRow, why: str, now: datetime) -> None:
    """Close a move that no longer fits, and say why."""
    moves.decide(session, row, MoveState.STALE, TRAINER, now, note=why)
    audit.append(
        session,
        actor=TRAINER,
        action="move_stale",
        subject=f"{row.detector}/moves/{row.id}",
        now=now,
        detail={"kind": row.kind, "note": why},
    )


def close_outdated(
    session: Session, configuration: Configuration, look: Judgement, now: datetime
) -> None:
    """Close what waits for consent, whoever asked for it, and can have none any more."""
    detector = configuration.detector.name
    _, base = threshold_state.in_force(session, detector, configuration.initial_rule)
    for row in moves.listed(session, detector, _MOST, MoveState.PROPOSED):
        if row.base_release != base:
            stale(session, row, f"release {base} set another threshold since", now)
        elif moves.of_earlier_policy(row, look.controls.policy_at):
            stale(session, row, EARLIER_POLICY, now)


def proposed(
    session: Session, configuration: Configuration, look: Judgement, made_by: str, now: datetime
) -> str | None:
    """The policy's proposal that waits for a second person now; None where it has none.

    There is at most one: a newer one takes its place where it goes elsewhere by more than the
    smallest step, and one that the labels no longer ask for is closed. While the threshold is
    frozen, or cools down from a move, nothing is known of that, and what waits stays.
    """
    detector = configuration.detector.name
    waiting = moves.listed(session, detector, _MOST, MoveState.PROPOSED, MoveKind.POLICY)
    if look.controls.frozen or "cool_down" in look.decision.rails:
        return waiting[0].id if waiting else None
    if look.decision.outcome == "held":
        for row in waiting:
            stale(session, row, f"the labels no longer ask for it: {look.decision.reason}", now)
        return None
    if waiting and _same(configuration, waiting[0], look):
        return waiting[0].id
    row = move_of(session, configuration, look, made_by, now)
    for older in waiting:
        stale(session, older, f"move {row.id} takes its place", now)
    audit.append(
        session,
        actor=made_by,
        action="move_policy",
        subject=f"{detector}/moves/{row.id}",
        now=now,
        detail={"reason": row.reason, "rule": row.rule, "state": row.state},
    )
    return row.id


def _same(configuration: Configuration, row: MoveRow, look: Judgement) -> bool:
    """Whether a waiting proposal goes where the decision goes; both from the threshold in force."""
    before, after = look.decision.threshold_before, look.decision.threshold_after
    if row.threshold_after is None or after is None:
        return False
    gap = 1 - (after if before is None else before)
    return abs(row.threshold_after - after) <= gap * configuration.threshold.smallest_step
