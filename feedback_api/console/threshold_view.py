"""What the threshold's page shows, worked out before the template sees it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from feedback_api.access.identity import Identity
from feedback_api.access.roles import Role
from feedback_api.console.policy_view import PolicyForms, target_of, view_policy_forms
from feedback_api.console.segments_view import SegmentsView, view_segments
from feedback_api.console.shares import Share, share_of
from feedback_api.representations.moves import Move
from feedback_api.representations.outlooks import Outlook
from feedback_api.representations.policies import PolicyInForce
from feedback_api.representations.previews import Preview
from feedback_api.representations.teaching import Teaching
from feedback_api.representations.threshold import Threshold
from feedback_api.use_cases.footing import Footing
from feedback_api.use_cases.lesson_footing import LessonFooting
from feedback_api.use_cases.moves import made_by_person, why_no_consent
from feedback_api.use_cases.previews import preview_threshold
from feedback_api.use_cases.segments import read_segments
from feedback_api.use_cases.teaching import read_teaching
from feedback_api.use_cases.threshold import read_threshold, whole
from feedback_api.use_cases.undo_grounds import why_no_undo
from floodline.errors import Conflict
from floodline.feedback.answer_noise import wrong_words
from floodline.feedback.spoken_rate import spoken_rate
from floodline.storage import controls, moves, threshold_state
from floodline.storage.moves import MoveState
from floodline.storage.tables import ReleaseRow

RELEASES = 20
WAITING = 20


@dataclass(frozen=True)
class ThresholdRequest:
    """What is asked of the page: another threshold to try, on how many hours, how many segments."""

    threshold: float | None
    hours: float | None
    segments: int


@dataclass(frozen=True)
class Gives:
    """What a threshold gives, in words."""

    shares: list[Share]
    alerts: str
    alerts_between: str
    answers: int
    known: str


@dataclass(frozen=True)
class WaitingMove:
    """A move that waits, and what the reader may do with it."""

    move: Move
    may_approve: bool
    may_reject: bool
    may_withdraw: bool


@dataclass(frozen=True)
class Trial:
    """Another threshold, and what it would have done; `refused` says why that is not known."""

    threshold: float
    hours: float | None
    preview: Preview | None
    now: Gives | None
    then: Gives | None
    refused: str | None


@dataclass(frozen=True)
class ThresholdView:
    """The page: what is in force, what waits, what was tried, what labels teach, what was.

    Attributes:
        no_undo: why the newest release can't be undone; None where it can.
    """

    threshold: Threshold
    gives: Gives | None
    policies: PolicyForms
    segments: SegmentsView | None
    waiting: list[WaitingMove]
    trial: Trial | None
    teaching: Teaching
    releases: list[ReleaseRow]
    may_steer: bool
    no_undo: str | None


def view_threshold(
    session: Session,
    footing: Footing,
    lessons: LessonFooting,
    identity: Identity,
    asked: ThresholdRequest,
) -> ThresholdView:
    """The page, with a trial of the threshold and hours that were asked for, if one was."""
    found = whole(session, footing)
    told = read_threshold(session, footing, found)
    detector = footing.detector
    steers = identity.role.covers(Role.ENGINEER)
    rows = moves.listed(session, detector, WAITING, MoveState.PROPOSED)
    rows += moves.waiting(session, detector)[:WAITING]
    trial = None
    if asked.threshold is not None:
        trial = _trial(session, footing, told.policy, asked.threshold, asked.hours)
    set_by_people = controls.get(session, detector)
    waiting = [
        _waiting(
            Move.of(row),
            identity,
            steers=steers,
            may_consent=why_no_consent(row, identity, footing, set_by_people) is None,
        )
        for row in rows
    ]
    segments = read_segments(session, footing, asked.segments, found)
    return ThresholdView(
        threshold=told,
        gives=None if told.outlook is None else _gives(told.outlook, told.policy),
        policies=view_policy_forms(told.policy, footing.section),
        segments=view_segments(segments, target_of(told.policy)),
        waiting=waiting,
        trial=trial,
        teaching=read_teaching(session, lessons),
        releases=threshold_state.history(session, detector, RELEASES),
        may_steer=steers,
        no_undo=why_no_undo(session, footing),
    )


def _trial(
    session: Session, footing: Footing, policy: PolicyInForce, threshold: float, hours: float | None
) -> Trial:
    try:
        found = preview_threshold(session, footing, threshold, hours)
    except Conflict as error:
        return Trial(threshold, hours, None, None, None, str(error))
    told = Preview.of(found.found, found.gained, found.lost)
    now, then = _gives(told.now, policy), _gives(told.then, policy)
    return Trial(threshold, hours, told, now, then, None)


def _waiting(move: Move, identity: Identity, *, steers: bool, may_consent: bool) -> WaitingMove:
    mine = made_by_person(move.kind) and move.made_by == identity.name
    proposed = move.state is MoveState.PROPOSED
    return WaitingMove(
        move,
        may_approve=steers and proposed and may_consent,
        may_reject=steers and proposed and not mine,
        may_withdraw=steers and mine,
    )


def _gives(outlook: Outlook, policy: PolicyInForce) -> Gives:
    rate = outlook.alerts_per_hour
    drift = "" if outlook.drift is None else f"; {outlook.drift}"
    return Gives(
        shares=[
            share_of("Precision", outlook.precision, target_of(policy)),
            share_of("Recall", outlook.recall, None),
        ],
        alerts="unknown" if rate.value is None else spoken_rate(rate.value),
        alerts_between=_between(rate.lower, rate.upper),
        answers=outlook.answers,
        known=wrong_words(outlook.wrong, outlook.second_opinions) + drift,
    )


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{spoken_rate(low)} to {spoken_rate(high)}"
