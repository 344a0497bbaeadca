"""What the answers on one alert changed."""

from sqlalchemy.orm import Session

from feedback_api.representations.receipts import Receipt, Side
from feedback_api.use_cases.alerts import get_alert
from feedback_api.use_cases.footing import Footing
from feedback_api.use_cases.lesson_footing import LessonFooting
from feedback_api.use_cases.lesson_words import what_it_teaches
from feedback_api.use_cases.threshold import decider_of, gathered, policy_of, standing_of
from floodline.feedback.receipt import receipt
from floodline.feedback.verdicts import Verdict
from floodline.storage import controls, releases
from floodline.storage.evidence_rows import Gathered
from floodline.storage.tables import AlertRow


def read_receipt(
    session: Session, footing: Footing, lessons: LessonFooting, alert_id: str
) -> Receipt:
    """The estimates and the policy's next move, with the answers on this alert and without them.

    And what the newest of them teaches the forest.

    Raises:
        NotFound: this detector raised no such alert.
    """
    alert = get_alert(session, footing.detector, alert_id)
    lesson = what_it_teaches(session, lessons, alert)
    found = gathered(session, footing, footing.section.look_back_hours)
    seen, standing = found.evidence, standing_of(session, footing)
    decider = decider_of(footing, policy_of(session, footing))
    if alert.id not in found.ids or _says_nothing(found, alert):
        same = Side.of(decider.decide(seen, standing))
        text = f"{_left_out(session, footing, alert)}, so it does not move the threshold."
        return Receipt(
            alert_id=alert.id,
            answers=0,
            text=text,
            lesson=lesson,
            moves=False,
            without=same,
            now=same,
        )
    frozen = controls.get(session, footing.detector).frozen
    told = receipt(seen, found.ids.index(alert.id), standing, decider, frozen=frozen)
    return Receipt(
        alert_id=alert.id,
        answers=told.answers,
        text=told.text,
        lesson=lesson,
        moves=told.moves and not frozen,
        without=Side.of(told.without),
        now=Side.of(told.now),
    )


def _says_nothing(found: Gathered, alert: AlertRow) -> bool:
    """Whether the event has labels, and none of them counts."""
    if alert.verdict is None or Verdict(alert.verdict).counts_as is not None:
        return False
    return found.ids.index(alert.id) not in found.evidence.answers.items


def _left_out(session: Session, footing: Footing, alert: AlertRow) -> str:
    if alert.verdict is not None and Verdict(alert.verdict).counts_as is None:
        return f"The answer is {alert.verdict.replace('_', ' ')}, which says neither real nor false"
    if alert.release < releases.model_number(session, footing.detector):
        return "An earlier model scored this event"
    return "This event is older than what estimates look at"
