"""A detector that was reviewed for a while: alerts, samples, answers, releases."""

from datetime import datetime, timedelta

from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import Release
from floodline.feedback.review_sampling import Sampling
from floodline.storage import labels, releases
from floodline.storage.alerts import Kind, NewAlert
from floodline.storage.engine import transaction
from floodline.storage.labels import NewLabel
from floodline.storage.tables import AlertRow
from tests.integration.api.application import Api
from tests.integration.storage.samples import DETECTOR, NOW, new_alert, store, store_user

LONG_AGO = NOW - timedelta(days=3)
COUNT = 80
RATE = 0.5
"""With which events below the threshold of .9 were drawn."""


def reviewed_events() -> list[NewAlert]:
    """Events of two days, even ones alerts with scores from .9 up, odd ones samples below .9."""
    made = []
    for number in range(COUNT):
        at = NOW - timedelta(hours=48) + timedelta(minutes=30 * number)
        above = number % 2 == 0
        score = 0.9 + number / 1_000 if above else 0.8 + number / 1_000
        kind = {"kind": Kind.ALERT} if above else {"kind": Kind.SAMPLE, "probability": RATE}
        made.append(new_alert(number, score=score, received_at=at, **kind))
    return made


def review(api: Api, analyst: str = "rita", *, leave_out: int = COUNT + 1) -> None:
    """Store the events, and an answer to each but the so-manieth: real from .93 up, false below."""
    store(api.engine, *(made := reviewed_events()))
    user = store_user(api.engine, analyst)
    with transaction(api.engine) as session:
        for number, each in enumerate(made, start=1):
            if number % leave_out == 0:
                continue
            alert = session.get(AlertRow, each.id)
            assert alert is not None
            verdict = "confirmed" if each.score >= 0.93 else "false_alarm"
            labels.record(
                session,
                alert,
                NewLabel(
                    id=f"label-{number}",
                    analyst_id=user,
                    verdict=verdict,
                    reason=None,
                    note=None,
                    created_at=each.received_at + timedelta(minutes=5),
                ),
            )


def release(
    api: Api,
    number: int,
    score: float | None,
    *,
    kind: str = "recalibration",
    at: datetime = LONG_AGO,
) -> None:
    """Store a release that sets the threshold; None: by rarity."""
    rule = ThresholdRule(rarity=0.001) if score is None else ThresholdRule(score=score)
    made = Release(
        number=number,
        detector=DETECTOR,
        kind=kind,
        threshold=rule,
        reason=f"moved to {score}",
        made_by="trainer",
        created_at=at.isoformat(),
        sampling=Sampling.even(RATE),
    )
    with transaction(api.engine) as session:
        releases.insert(session, made, topic=f"{DETECTOR}.releases", figures={}, now=at)
