"""How people steer a detector: a policy in place of the configured one, a freeze, no lessons."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from floodline.feedback.policies import Policy
from floodline.storage.insertion import insert_unknown
from floodline.storage.tables import ControlRow


class Controls(msgspec.Struct, frozen=True, kw_only=True):
    """What people have set.

    Attributes:
        policy: in place of the configured one; None: the configured one holds.
        policy_by, policy_at: who changed the policy last, back to the configured one too, and when.
        frozen_by, frozen_at, frozen_reason: who stopped the threshold, when and why.
        teaching_off_by, teaching_off_at, teaching_off_reason: who took the lessons of labels out of
            the scores, when and why.
    """

    policy: Policy | None = None
    policy_by: str | None = None
    policy_at: datetime | None = None
    frozen_by: str | None = None
    frozen_at: datetime | None = None
    frozen_reason: str | None = None
    teaching_off_by: str | None = None
    teaching_off_at: datetime | None = None
    teaching_off_reason: str | None = None

    @property
    def frozen(self) -> bool:
        """Whether neither labels nor people may move the threshold now."""
        return self.frozen_at is not None

    @property
    def teaching_off(self) -> bool:
        """Whether labels may not teach the forest now."""
        return self.teaching_off_at is not None


def get(session: Session, detector: str) -> Controls:
    """What is set now; nothing at all where nobody ever set anything."""
    row = session.get(ControlRow, detector)
    if row is None:
        return Controls()
    return Controls(
        policy=None if row.policy is None else msgspec.convert(row.policy, Policy),
        policy_by=row.policy_by,
        policy_at=row.policy_at,
        frozen_by=row.frozen_by,
        frozen_at=row.frozen_at,
        frozen_reason=row.frozen_reason,
        teaching_off_by=row.teaching_off_by,
        teaching_off_at=row.teaching_off_at,
        teaching_off_reason=row.teaching_off_reason,
    )


def set_policy(
    session: Session, detector: str, policy: Policy | None, by: str, now: datetime
) -> None:
    """Put a policy in place of the configured one, or, with None, go back to that."""
    row = _row(session, detector)
    row.policy = None if policy is None else msgspec.to_builtins(policy)
    row.policy_by, row.policy_at = by, now
    session.flush()


def freeze(session: Session, detector: str, by: str, reason: str, now: datetime) -> None:
    """Stop the threshold; a frozen one takes the new name, reason and time."""
    row = _row(session, detector)
    row.frozen_by, row.frozen_at, row.frozen_reason = by, now, reason
    session.flush()


def unfreeze(session: Session, detector: str) -> None:
    """Let the threshold move again."""
    row = _row(session, detector)
    row.frozen_by = row.frozen_at = row.frozen_reason = None
    session.flush()


def stop_teaching(session: Session, detector: str, by: str, reason: str, now: datetime) -> None:
    """Take the lessons of labels out of the scores; a stop takes the new name, reason and time."""
    row = _row(session, detector)
    row.teaching_off_by, row.teaching_off_at, row.teaching_off_reason = by, now, reason
    session.flush()


def resume_teaching(session: Session, detector: str) -> None:
    """Let labels teach again."""
    row = _row(session, detector)
    row.teaching_off_by = row.teaching_off_at = row.teaching_off_reason = None
    session.flush()


def _row(session: Session, detector: str) -> ControlRow:
    # Two who set something at once must not both insert; the row is there for both then.
    session.execute(insert_unknown(session, ControlRow).values(detector=detector))
    row = session.get(ControlRow, detector, with_for_update=True, populate_existing=True)
    assert row is not None  # noqa: S101  # inserted above, and rows are never deleted
    return row
