"""What the newest answer on an alert teaches, in a sentence."""

from sqlalchemy.orm import Session

from feedback_api.use_cases.lesson_footing import LessonFooting
from floodline.detection.parameters import DefaultProfile
from floodline.feedback.verdicts import Lesson, Verdict
from floodline.storage import controls, model_tenure, muting, reached_leaves, teaching_releases
from floodline.storage.model_tenure import ModelTenure
from floodline.storage.tables import AlertRow

_NOTHING_COMES_THROUGH = 0.05
_WORDS: dict[Lesson, str] = {
    "up": "Alike events will score higher within seconds",
    "down": "Alike events will score lower within seconds",
    "open": "Alike events will score as usual within seconds",
}


def what_it_teaches(session: Session, footing: LessonFooting, alert: AlertRow) -> str | None:
    """The sentence; None where nobody has answered, or labels teach this detector nothing."""
    model = model_tenure.newest(session, footing.detector, footing.model)
    if alert.verdict is None or not footing.configured or model.teachable is None:
        return None
    verdict = Verdict(alert.verdict)
    told = _lesson(session, footing, alert, model, model.teachable, verdict)
    count = muting.count(session, alert) if verdict is Verdict.KNOWN_ISSUE else 0
    if not count:
        return f"{told}."
    alerts = "1 alike alert is" if count == 1 else f"{count:,} alike alerts are"
    return f"{told}; {alerts} muted until another verdict closes the issue."


def _lesson(
    session: Session,
    footing: LessonFooting,
    alert: AlertRow,
    model: ModelTenure,
    trees: DefaultProfile,
    verdict: Verdict,
) -> str:
    if verdict.teaches is None:
        return "Scores of alike events stay as they are"
    off = controls.get(session, footing.detector)
    if off.teaching_off:
        return f"It teaches nothing now: {off.teaching_off_by} stopped it"
    told = alert.explanation or {}
    place = reached_leaves.read(alert.explanation, trees)
    lies = place is not None and told.get("usual") is not None
    # An event of an earlier model is led through this one by its features.
    if alert.release >= model.since and not lies:
        return "It teaches nothing: this event does not say where in the forest it lies"
    newest = teaching_releases.newest(session, footing.detector)
    share = None if newest is None else newest.figures.get("share")
    if share is not None and share < _NOTHING_COMES_THROUGH:
        return (
            "It changes no score now: labels contradict each other, or scores foretell them better "
            "without what labels teach"
        )
    return _WORDS[verdict.teaches]
