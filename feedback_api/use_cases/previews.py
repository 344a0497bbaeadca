"""What another threshold would have done."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from feedback_api.use_cases.footing import Footing
from feedback_api.use_cases.threshold import gathered, score_in_force, under_model
from floodline.errors import Conflict
from floodline.feedback.preview import Preview, preview
from floodline.storage import alerts
from floodline.storage.tables import AlertRow


@dataclass(frozen=True)
class NamedPreview:
    """A preview, and the rows of the events that it names."""

    found: Preview
    gained: list[AlertRow]
    lost: list[AlertRow]


def preview_threshold(
    session: Session, footing: Footing, threshold: float, hours: float | None
) -> NamedPreview:
    """The threshold in force and another one, on the last hours or on all that is looked at.

    Raises:
        Conflict: nothing was chosen for review in that time.
    """
    seen = gathered(session, footing, hours or footing.section.look_back_hours)
    now = score_in_force(session, footing, seen.evidence)
    if now is None or not seen.ids:
        under = under_model(session, footing)
        raise Conflict(
            f"there was no alert and no sample in that time{under}, so nothing can be compared"
        )
    found = preview(seen.evidence, now, threshold)
    gained, lost = (
        _rows(session, footing.detector, [seen.ids[item] for item in difference.top])
        for difference in (found.gained, found.lost)
    )
    return NamedPreview(found, gained, lost)


def _rows(session: Session, detector: str, ids: list[str]) -> list[AlertRow]:
    """The rows with these ids, in their order."""
    rows = {row.id: row for row in alerts.with_ids(session, detector, ids)}
    return [rows[each] for each in ids]
