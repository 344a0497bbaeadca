"""Moving the threshold by hand, and deciding on moves that wait for consent."""

import re
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from feedback_api.access.identity import Identity
from feedback_api.errors import InvalidRequest
from feedback_api.use_cases.footing import Footing
from feedback_api.use_cases.threshold import evidence, score_in_force
from feedback_api.use_cases.undo_grounds import why_no_undo
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import Conflict, NotFound, Refused
from floodline.feedback.preview import preview
from floodline.storage import audit, controls, moves, threshold_state
from floodline.storage.controls import Controls
from floodline.storage.moves import MoveKind, MoveState
from floodline.storage.tables import MoveRow

_BY_PEOPLE = (MoveKind.MANUAL, MoveKind.UNDO)
_ID = re.compile(r"[A-Za-z0-9_-]{1,36}\Z")


@dataclass(frozen=True, kw_only=True)
class Act:
    """Who does something to the threshold, why, and on which release they decided that.

    `id` is that of the move, if one is made.
    """

    identity: Identity
    reason: str
    base_release: int | None
    id: str


def move_by_hand(session: Session, footing: Footing, act: Act, threshold: float) -> MoveRow:
    """A move to a score: approved at once, or proposed where a second person must consent.

    Raises:
        InvalidRequest: the score lies outside floor and ceiling.
        Conflict: the threshold is frozen, there already, or set by another release meanwhile.
    """
    section = footing.section
    if not section.floor <= threshold <= section.ceiling:
        raise InvalidRequest(
            f"{threshold} lies outside threshold.floor and threshold.ceiling, "
            f"{section.floor:g} to {section.ceiling:g}",
            "/threshold",
        )
    rule, number = _movable(session, footing, act.base_release)
    if rule.score == threshold:
        raise Conflict(f"the threshold is {threshold} already")
    wanted = ThresholdRule(score=threshold)
    return _made(session, footing, act, MoveKind.MANUAL, wanted, number, act.reason)


def undo(session: Session, footing: Footing, act: Act) -> MoveRow:
    """A move back to the rule before the newest release that set the threshold.

    Raises:
        Conflict: there is none to undo, it came with a retrained model, whose scores the older
            rule is not meant for, or the threshold is frozen or set by another release meanwhile.
    """
    _, number = _movable(session, footing, act.base_release)
    refused = why_no_undo(session, footing)
    if refused is not None:
        raise Conflict(refused)
    wanted = threshold_state.before(session, footing.detector, number, footing.initial_rule)
    reason = f"undoes release {number}: {act.reason}"
    return _made(session, footing, act, MoveKind.UNDO, wanted, number, reason)


def decide(
    session: Session, footing: Footing, identity: Identity, move_id: str, state: MoveState
) -> MoveRow:
    """Approve, reject or withdraw a move.

    Raises:
        NotFound: there is no such move.
        Refused: one's own move is approved, or what follows from one's own policy where a second
            person must consent; or another's is withdrawn.
        Conflict: the move waits no more, or was made on a threshold, or under a policy, that is in
            force no more.
    """
    known = _ID.match(move_id) is not None
    row = moves.get(session, footing.detector, move_id) if known else None
    if row is None:
        raise NotFound(f"there is no move {move_id[:50]!r}")
    set_by_people = controls.get(session, footing.detector)
    if state is MoveState.APPROVED:
        refused = why_no_consent(row, identity, footing, set_by_people)
        if refused is not None:
            raise Refused(refused)
    if state is MoveState.WITHDRAWN:
        _check_maker(row, identity)
    may_end = state is MoveState.WITHDRAWN and row.state == MoveState.APPROVED
    if row.state != MoveState.PROPOSED and not may_end:
        raise Conflict(f"the move is {row.state}; only one that waits can be {state}")
    if state is MoveState.APPROVED:
        _movable(session, footing, row.base_release)
        if moves.of_earlier_policy(row, set_by_people.policy_at):
            raise Conflict("the policy was changed since this was proposed")
    moves.decide(session, row, state, identity.name, footing.now)
    _audit(session, footing, identity, f"move_{state}", row.id, {"made_by": row.made_by})
    return row


def made_by_person(kind: str) -> bool:
    """Whether a person asks for moves of this kind; the trainer for the others."""
    return kind in _BY_PEOPLE


def why_no_consent(
    row: MoveRow, identity: Identity, footing: Footing, set_by_people: Controls
) -> str | None:
    """Why this engineer is no second person for a move; None for one who is."""
    if made_by_person(row.kind):
        mine = row.made_by == identity.name
        return "you made this move, so another engineer must approve it" if mine else None
    if footing.section.second_person and set_by_people.policy_by == identity.name:
        return "you set the policy that asks for this move, so another engineer must approve it"
    return None


def _check_maker(row: MoveRow, identity: Identity) -> None:
    by_people = made_by_person(row.kind)
    if not (by_people and row.made_by == identity.name):
        by = row.made_by if by_people else "the trainer"
        raise Refused(f"{by} made this move; you can reject it while it is proposed")


def _movable(
    session: Session, footing: Footing, base_release: int | None
) -> tuple[ThresholdRule, int]:
    """The rule in force and its release, where it may be moved."""
    set_by_people = controls.get(session, footing.detector)
    if set_by_people.frozen:
        raise Conflict(
            f"the threshold is frozen by {set_by_people.frozen_by}: {set_by_people.frozen_reason}. "
            "Unfreeze it first"
        )
    rule, number = threshold_state.in_force(session, footing.detector, footing.initial_rule)
    if base_release not in (None, number):
        raise Conflict(
            f"this was decided on the threshold of release {base_release}; that of release "
            f"{number} is in force by now"
        )
    return rule, number


def _made(
    session: Session,
    footing: Footing,
    act: Act,
    kind: MoveKind,
    rule: ThresholdRule,
    base_release: int,
    reason: str,
) -> MoveRow:
    seen = evidence(session, footing)
    now, then = score_in_force(session, footing, seen), rule.score
    figures: dict[str, Any] = {}
    if now is not None and then is not None:
        figures = {"preview": msgspec.to_builtins(preview(seen, now, then))}
        for difference in (figures["preview"]["gained"], figures["preview"]["lost"]):
            # Places in this one look at the evidence mean nothing later.
            del difference["top"]
    row = MoveRow(
        id=act.id,
        detector=footing.detector,
        created_at=footing.now,
        kind=kind,
        state=MoveState.PROPOSED if footing.section.second_person else MoveState.APPROVED,
        rule=msgspec.to_builtins(rule),
        threshold_before=now,
        threshold_after=then,
        reason=reason,
        made_by=act.identity.name,
        base_release=base_release,
        figures=figures,
    )
    moves.insert(session, row)
    told = {"reason": reason, "rule": row.rule, "state": row.state, "base_release": base_release}
    _audit(session, footing, act.identity, f"move_{kind}", row.id, told)
    return row


def _audit(
    session: Session,
    footing: Footing,
    identity: Identity,
    action: str,
    move_id: str,
    detail: dict[str, Any],
) -> None:
    audit.append(
        session,
        actor=identity.name,
        action=action,
        subject=f"{footing.detector}/moves/{move_id}",
        now=footing.now,
        detail=detail,
    )
