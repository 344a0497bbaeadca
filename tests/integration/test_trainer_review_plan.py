"""What the trainer's releases draw for review, on SQLite and on PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine

from floodline.configuration.sections import Configuration
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import Release, decode
from floodline.feedback.evidence import Evidence
from floodline.feedback.review_sampling import Reviewable, Sampling, reviews_an_hour
from floodline.storage import releases
from floodline.storage.alerts import Kind
from floodline.storage.engine import transaction
from tests.integration.storage.samples import DETECTOR, NOW, new_alert, store
from trainer import review_plan
from trainer.judgement import evidence_of
from trainer.ports import Outgoing
from trainer.recalibration import recalibrate_once

RATE = 0.01
THRESHOLD = 0.98


class Channel:
    """Stands for Kafka: keeps what is published."""

    def __init__(self) -> None:
        self.releases: list[Release] = []

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """See ReleaseChannel."""
        self.releases += [decode(message.value, Release) for message in messages]


def configured(engine: Engine, **review: Any) -> Configuration:
    """A detector that draws one event in a hundred until a release says otherwise."""
    return Configuration.model_validate(
        {
            "detector": {"name": DETECTOR, "topic": "shuttle.events", "features": ["a"]},
            "database": {"url": engine.url.render_as_string(hide_password=False)},
            "review": {"initial_rate": RATE, "per_hour": 12} | review,
        }
    )


def released(engine: Engine, sampling: Sampling | None) -> Release:
    """Release 1 is in force and draws so."""
    made = Release(
        number=1,
        detector=DETECTOR,
        kind="recalibration",
        threshold=ThresholdRule(score=THRESHOLD),
        reason="test",
        made_by="test",
        created_at=NOW.isoformat(),
        sampling=sampling,
    )
    with transaction(engine) as session:
        releases.insert(session, made, topic="shuttle.releases", figures={}, now=NOW)
    return made


def stream(engine: Engine, events: int, hours: float, rate: float = RATE) -> None:
    """What of so many events, even in score, became alerts, and samples at the rate."""
    draw, new = np.random.default_rng(0), []
    for place, score in enumerate(draw.random(events).tolist()):
        alert = score >= THRESHOLD
        if alert or draw.random() < rate:
            new.append(
                new_alert(
                    place,
                    kind=Kind.ALERT if alert else Kind.SAMPLE,
                    probability=1.0 if alert else rate,
                    score=score,
                    threshold=THRESHOLD,
                    release=1,
                    received_at=NOW - timedelta(hours=hours * (1 - place / events)),
                )
            )
    store(engine, *new)


def evidence(engine: Engine, configuration: Configuration) -> Evidence:
    """What the trainer looks at."""
    with transaction(engine) as session:
        return evidence_of(session, configuration, NOW)


def test_what_was_hardly_seen_is_drawn_as_before(engine: Engine) -> None:
    """Rates are not guessed from a few minutes."""
    configuration = configured(engine)
    in_force = released(engine, Sampling.even(0.05))
    stream(engine, 2_000, hours=0.2)
    seen = evidence(engine, configuration)
    assert review_plan.plan(seen, configuration, in_force, THRESHOLD) == in_force.sampling
    assert review_plan.plan(seen, configuration, None, THRESHOLD) == Sampling.even(RATE)
    assert review_plan.replan(seen, configuration, in_force) is None
    none = configured(engine, initial_rate=0)
    assert review_plan.plan(seen, none, in_force, THRESHOLD) is None
    assert review_plan.replan(seen, none, in_force) is None


def test_before_there_are_samples_all_are_drawn_at_one_rate(engine: Engine) -> None:
    """12 of about 1,000 events an hour, as soon as alerts alone tell how many there are."""
    configuration, channel = configured(engine), Channel()
    released(engine, Sampling.even(0.0002))
    stream(engine, 10_000, hours=10, rate=0.0002)
    done = recalibrate_once(engine, configuration, channel, lambda: NOW, "test")
    assert (done.decision.outcome, done.release) == ("held", 2)
    (stratum,) = (channel.releases[-1].sampling or Sampling.even(1)).strata
    assert 0.011 < stratum.rate < 0.013
    again = recalibrate_once(engine, configuration, channel, lambda: NOW, "test")
    assert (again.release, len(channel.releases)) == (None, 2)


def test_it_is_so_before_any_release_too(engine: Engine) -> None:
    """Under a rarity: the first release draws, and repeats the rule that is in force."""
    configuration, channel = configured(engine, initial_rate=0.0002), Channel()
    alerts = [
        new_alert(n * 500, score=0.9, received_at=NOW - timedelta(minutes=60 - 6 * n))
        for n in range(10)
    ]
    store(engine, *alerts)
    done = recalibrate_once(engine, configuration, channel, lambda: NOW, "test")
    assert (done.decision.outcome, done.release) == ("held", 1)
    (made,) = channel.releases
    assert (made.kind, made.threshold) == ("sampling", ThresholdRule(rarity=0.001))
    assert made.sampling is not None
    assert 0.0022 < made.sampling.strata[0].rate < 0.0026
    again = recalibrate_once(engine, configuration, channel, lambda: NOW, "test")
    assert again.release is None


def test_rates_come_to_the_budget_and_are_left_alone_then(engine: Engine) -> None:
    """A release of its own, once: 12 of the 9,800 events an hour below it are drawn."""
    configuration, channel = configured(engine), Channel()
    released(engine, Sampling.even(RATE))
    stream(engine, 10_000, hours=1.0)
    done = recalibrate_once(engine, configuration, channel, lambda: NOW, "test")
    assert (done.decision.outcome, done.release) == ("held", 2)
    made = channel.releases[-1]
    assert (made.kind, made.threshold) == ("sampling", ThresholdRule(score=THRESHOLD))
    assert made.sampling is not None
    reviewed = evidence(engine, configuration).reviewed()
    assert 70 < np.count_nonzero(~reviewed.alerted) < 130
    seen = Reviewable(reviewed.scores, reviewed.weights, reviewed.hours)
    assert 10 < reviews_an_hour(made.sampling, seen, THRESHOLD) < 14
    band = made.sampling.strata[-1]
    assert band.floor > 0
    assert band.rate == max(stratum.rate for stratum in made.sampling.strata)
    again = recalibrate_once(engine, configuration, channel, lambda: NOW, "test")
    assert (again.release, len(channel.releases)) == (None, 2)


def test_one_rate_that_fits_the_budget_gives_way_to_strata(engine: Engine) -> None:
    """As soon as ten samples tell where the events lie."""
    configuration, channel = configured(engine, per_hour=100), Channel()
    released(engine, Sampling.even(RATE))
    stream(engine, 10_000, hours=1.0)
    recalibrate_once(engine, configuration, channel, lambda: NOW, "test")
    assert len((channel.releases[-1].sampling or Sampling.even(1)).strata) > 1


def test_a_release_from_before_there_was_sampling_is_followed_by_one_that_draws(
    engine: Engine,
) -> None:
    """After an upgrade, without waiting for the threshold to move."""
    configuration, channel = configured(engine), Channel()
    released(engine, None)
    recalibrate_once(engine, configuration, channel, lambda: NOW, "test")
    assert channel.releases[-1].sampling == Sampling.even(RATE)


def test_fewer_events_than_the_budget_are_all_drawn(engine: Engine) -> None:
    """And that is no reason for a release at each look."""
    configuration, channel = configured(engine, per_hour=100_000), Channel()
    released(engine, Sampling.even(RATE))
    stream(engine, 10_000, hours=1.0)
    looks = [
        recalibrate_once(engine, configuration, channel, lambda: NOW, "test").release
        for _ in range(3)
    ]
    assert looks == [2, None, None]
    assert channel.releases[-1].sampling == Sampling(
        strata=tuple(
            type(each)(floor=each.floor, rate=1.0)
            for each in (channel.releases[-1].sampling or Sampling.even(1.0)).strata
        )
    )
