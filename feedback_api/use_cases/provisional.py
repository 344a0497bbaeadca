"""Which alerts were raised under a threshold that no label had set yet."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from floodline.detection.threshold_rule import ThresholdRule
from floodline.storage import releases
from floodline.storage.tables import AlertRow


def provisional_releases(
    session: Session, detector: str, initial_rule: ThresholdRule, rows: Sequence[AlertRow]
) -> dict[int, bool]:
    """By the release of each of these alerts, whether its rule is a rarity; one query at most.

    Before any release it is what is configured now. Releases that this database does not know are
    left out.
    """
    numbers = {row.release for row in rows}
    found = releases.by_rarity(session, detector, numbers - {0})
    return found | {0: initial_rule.score is None} if 0 in numbers else found
