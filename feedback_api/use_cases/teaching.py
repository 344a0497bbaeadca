"""Whether labels teach the forest: reading it, stopping it, letting it go on."""

from typing import Any

from sqlalchemy.orm import Session

from feedback_api.access.identity import Identity
from feedback_api.representations.teaching import Taught, Teaching, TeachingOff
from feedback_api.use_cases.lesson_footing import LessonFooting
from floodline.errors import Conflict
from floodline.storage import audit, controls, model_tenure, teaching_releases
from floodline.storage.controls import Controls


def read_teaching(session: Session, footing: LessonFooting) -> Teaching:
    """Whether labels teach now, and the newest release that they made."""
    detector = footing.detector
    off = TeachingOff.of(controls.get(session, detector))
    model = model_tenure.newest(session, detector, footing.model)
    newest = teaching_releases.newest(session, detector)
    return Teaching(
        detector=detector,
        on=footing.configured and model.teachable is not None and off is None,
        configured=footing.configured,
        teachable=model.teachable is not None,
        off=off,
        taught=None if newest is None else Taught.of(newest),
    )


def stop_teaching(
    session: Session, footing: LessonFooting, identity: Identity, reason: str
) -> Controls:
    """Take the lessons of labels out of the scores; labels are kept and still move the threshold.

    Raises:
        Conflict: somebody else has done so, or the same person for another reason.
    """
    found = controls.get(session, footing.detector)
    if found.teaching_off:
        if (found.teaching_off_by, found.teaching_off_reason) != (identity.name, reason):
            raise Conflict(
                f"{found.teaching_off_by} has stopped it already: {found.teaching_off_reason}"
            )
        return found
    controls.stop_teaching(session, footing.detector, identity.name, reason, footing.now)
    _audit(session, footing, identity, "stop_teaching", {"reason": reason})
    return controls.get(session, footing.detector)


def resume_teaching(session: Session, footing: LessonFooting, identity: Identity) -> None:
    """Let labels teach again, those given meanwhile too; where they do, nothing happens."""
    found = controls.get(session, footing.detector)
    if not found.teaching_off:
        return
    controls.resume_teaching(session, footing.detector)
    told = {"stopped_by": found.teaching_off_by, "reason": found.teaching_off_reason}
    _audit(session, footing, identity, "resume_teaching", told)


def _audit(
    session: Session,
    footing: LessonFooting,
    identity: Identity,
    action: str,
    detail: dict[str, Any],
) -> None:
    audit.append(
        session,
        actor=identity.name,
        action=action,
        subject=f"{footing.detector}/teaching",
        now=footing.now,
        detail=detail,
    )
