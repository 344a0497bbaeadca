"""What the watch proposes where live alerts break the promise."""

import uuid
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from floodline.configuration.sections import Configuration
from floodline.feedback.decision import Decision
from floodline.feedback.preview import preview
from floodline.storage import audit, moves, threshold_state
from floodline.storage.moves import MoveKind, MoveState
from floodline.storage.tables import MoveRow
from trainer.judgement import Judgement

_MOST = 100


def proposed(
    session: Session, configuration: Configuration, look: Judgement, made_by: str, now: datetime
) -> str | None:
    """The watch's proposal that waits for a person now; None where it has none.

    A broken promise that the policy itself does not answer (guard rails or doubts hold it) is
    proposed to a person: a higher threshold, one for each release, so that one that was rejected
    does not come again; one that a changed policy made stale may.
    """
    detector = configuration.detector.name
    _, base = threshold_state.in_force(session, detector, configuration.initial_rule)
    mine = moves.listed(session, detector, _MOST, kind=MoveKind.WATCH)
    for row in mine:
        if row.base_release == base and row.state != MoveState.STALE:
            return row.id if row.state == MoveState.PROPOSED else None
    if look.watch is None or look.watch.state != "broken" or look.controls.frozen:
        return None
    after = higher(look.decision, configuration)
    if after is None or look.decision.outcome == "moved":
        return None
    return _stored(session, configuration, look, after, base, made_by, now)


def higher(decision: Decision, configuration: Configuration) -> float | None:
    """The policy's aim where that is higher, else one whole step up; None where there is no room.

    At most the largest step and the ceiling.
    """
    before, section = decision.threshold_before, configuration.threshold
    if before is None:
        return None
    highest = min(1 - (1 - before) * (1 - section.largest_step), section.ceiling)
    wanted = decision.aim if decision.aim is not None and decision.aim > before else highest
    after = min(wanted, highest)
    return after if after > before else None


def _stored(
    session: Session,
    configuration: Configuration,
    look: Judgement,
    after: float,
    base: int,
    made_by: str,
    now: datetime,
) -> str | None:
    before = look.decision.threshold_before
    if before is None or look.watch is None:
        return None
    difference = msgspec.to_builtins(preview(look.evidence, before, after))
    for part in (difference["gained"], difference["lost"]):
        del part["top"]  # places in this one look at the evidence mean nothing later
    row = MoveRow(
        id=str(uuid.uuid4()),
        detector=configuration.detector.name,
        created_at=now,
        kind=MoveKind.WATCH,
        state=MoveState.PROPOSED,
        rule={"score": after, "rarity": None},
        threshold_before=before,
        threshold_after=after,
        reason=f"the promise ({look.policy}) is broken: {look.watch.reason}",
        made_by=made_by,
        base_release=base,
        figures=look.figures() | {"preview": difference},
    )
    moves.insert(session, row)
    audit.append(
        session,
        actor=made_by,
        action="move_watch",
        subject=f"{row.detector}/moves/{row.id}",
        now=now,
        detail={"reason": row.reason, "rule": row.rule, "state": row.state},
    )
    return row.id
