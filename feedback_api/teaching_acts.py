"""The edge of stopping lessons and letting them go on: one transaction an act."""

from feedback_api.access.identity import Identity
from feedback_api.representations.teaching import TeachingOff, TeachingOffRequest
from feedback_api.services import Services
from feedback_api.use_cases.lesson_footing import LessonFooting
from feedback_api.use_cases.teaching import resume_teaching, stop_teaching
from floodline.errors import Conflict
from floodline.feedback.lessons import Teaching
from floodline.storage.engine import transaction


def lesson_footing_of(services: Services) -> LessonFooting:
    """What questions about lessons stand on, now."""
    section = services.feedback
    return LessonFooting(
        detector=services.detector,
        configured=section.teach,
        teaching=Teaching(half_life=section.half_life_hours),
        model=services.model,
        now=services.clock(),
        shelf=services.lessons,
    )


def switch_teaching_off(
    services: Services, identity: Identity, request: TeachingOffRequest
) -> TeachingOff:
    """Take the lessons of labels out of the scores.

    Raises:
        Conflict: somebody else has done so, or the same person for another reason.
    """
    with transaction(services.engine) as session:
        footing = lesson_footing_of(services)
        off = TeachingOff.of(stop_teaching(session, footing, identity, request.reason))
    if off is None:
        raise Conflict("somebody let labels teach again at the same time; stop it again")
    return off


def switch_teaching_on(services: Services, identity: Identity) -> None:
    """Let labels teach again."""
    with transaction(services.engine) as session:
        resume_teaching(session, lesson_footing_of(services), identity)
