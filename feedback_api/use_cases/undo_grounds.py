"""Whether there is a threshold to go back to."""

from sqlalchemy.orm import Session

from feedback_api.use_cases.footing import Footing
from floodline.storage import moves, releases, threshold_state


def why_no_undo(session: Session, footing: Footing) -> str | None:
    """Why there is no going back to the rule before; None where there is."""
    detector = footing.detector
    rule, number = threshold_state.in_force(session, detector, footing.initial_rule)
    newest = releases.get(session, detector, number)
    if newest is not None and newest.kind == "retrain":
        return (
            f"release {number} came with a retrained model: the threshold before it was meant for "
            "other scores. Move the threshold to a score instead"
        )
    coming = moves.waiting(session, detector)
    if coming:
        return (
            f"move {coming[-1].id} by {coming[-1].made_by} waits for its release: withdraw it, or "
            "undo it in a few seconds, once it is released"
        )
    if newest is None:
        return "no release has set the threshold yet, so there is none to undo"
    if threshold_state.before(session, detector, number, footing.initial_rule) == rule:
        return f"the threshold before release {number} is the one in force"
    return None
