"""Releases that changed what labels teach the forest."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from floodline.storage import releases
from floodline.storage.tables import ReleaseRow


def newest(session: Session, detector: str, up_to: int | None = None) -> ReleaseRow | None:
    """The newest one, or the newest up to a number; None where there is none."""
    chosen = select(ReleaseRow).where(
        ReleaseRow.detector == detector, ReleaseRow.kind == releases.TEACHING
    )
    if up_to is not None:
        chosen = chosen.where(ReleaseRow.number <= up_to)
    return session.scalar(chosen.order_by(ReleaseRow.number.desc()).limit(1))
