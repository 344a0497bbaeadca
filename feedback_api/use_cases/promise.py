"""Whether the promise of the threshold in force holds on the alerts that came since."""

from datetime import timedelta

from feedback_api.use_cases.footing import Footing
from floodline.feedback.evidence import Evidence
from floodline.feedback.policies import Policy
from floodline.feedback.promise import Watch, usual_delay, watch
from floodline.storage.evidence_rows import MOST
from floodline.storage.tables import ReleaseRow


def watched(
    seen: Evidence, release: ReleaseRow | None, policy: Policy, footing: Footing
) -> Watch | None:
    """The promise as the trainer watches it; None where there is none to test.

    Args:
        seen: the evidence up to now.
        release: the one that set the threshold; before any, and under a rarity, nothing is tested.
        policy: what must hold.
        footing: the time and the settings.
    """
    if release is None or release.threshold is None:
        return None
    section = footing.section
    hours = min((footing.now - release.created_at) / timedelta(hours=1), section.look_back_hours)
    if seen.chosen.ages.size >= MOST:  # older ones were not read
        hours = min(hours, float(seen.chosen.ages.max()))
    if hours <= 0:
        return None
    since = seen.under(release.number)
    return watch(since, policy, section.confidence, hours=hours, delay=usual_delay(seen))
