"""Whether the promise of the threshold in force holds on the alerts that came since."""

from datetime import datetime, timedelta

from floodline.feedback.evidence import Evidence
from floodline.feedback.policies import Policy
from floodline.feedback.promise import Watch, usual_delay, watch
from floodline.storage.evidence_rows import MOST
from floodline.storage.tables import ReleaseRow


def watched(
    seen: Evidence,
    release: ReleaseRow | None,
    policy: Policy,
    *,
    now: datetime,
    confidence: float,
    look_back_hours: float,
) -> Watch | None:
    """The promise on live alerts; None where there is none to test.

    Args:
        seen: the evidence up to now.
        release: the one that set the threshold; before any, and under a rarity, nothing is tested.
        policy: what must hold.
        now: the time of the question.
        confidence: that a promise that is kept is never called broken.
        look_back_hours: how far back the evidence goes, at most.
    """
    if release is None or release.threshold is None:
        return None
    hours = min((now - release.created_at) / timedelta(hours=1), look_back_hours)
    if seen.chosen.ages.size >= MOST:  # older ones were not read
        hours = min(hours, float(seen.chosen.ages.max()))
    if hours <= 0:
        return None
    since = seen.under(release.number)
    return watch(since, policy, confidence, hours=hours, delay=usual_delay(seen))
