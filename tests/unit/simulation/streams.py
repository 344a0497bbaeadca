"""A made stream with anomalies that a forest can see, and what a method needs to run on it."""

import numpy as np

from floodline.detection.parameters import DefaultProfile
from floodline.feedback.decision import Decider, GuardRails
from floodline.feedback.policies import PrecisionTarget
from floodline.simulation.analysts import Analysts
from floodline.simulation.method import Setting
from floodline.simulation.outcome import Outcome
from floodline.simulation.run import METHODS, Stream, simulate
from floodline.simulation.schedule import Schedule


def made_stream(events: int = 2_250, share: float = 0.04, seed: int = 7) -> Stream:
    """Four features that say nearly the same; of an anomaly each says something else."""
    random = np.random.default_rng(seed)
    real = random.random(events) < share
    rows = random.uniform(-1.0, 1.0, size=(events, 1)) + random.normal(0.0, 0.1, size=(events, 4))
    rows[real] = random.uniform(-4.0, 4.0, size=(int(real.sum()), 4))
    return Stream(rows, real)


def stream_with_harmless_outliers(events: int = 4_250, seed: int = 7) -> Stream:
    """Half of the odd events are harmless, wherever they lie; the others real, in one place."""
    random = np.random.default_rng(seed)
    kind = random.random(events)
    real, harmless = kind < 0.03, (kind >= 0.03) & (kind < 0.06)
    rows = random.normal(0.0, 1.0, size=(events, 4))
    rows[harmless] = random.uniform(-6.0, 6.0, size=(int(harmless.sum()), 4))
    rows[real] = np.array([5.0, -5.0, 5.0, -5.0]) + random.normal(0, 0.3, (int(real.sum()), 4))
    return Stream(rows, real)


def setting(stream: Stream, *, labels: int = 200, seed: int = 0, target: float = 0.7) -> Setting:
    """Ten trees, so that a test is quick."""
    return Setting(
        schedule=Schedule.of(stream.real.size, labels, 250),
        parameters=DefaultProfile(trees=10, seed=42 + seed),
        features=("a", "b", "c", "d"),
        decider=Decider(
            policy=PrecisionTarget(at_least=target),
            rails=GuardRails(
                min_labels=30,
                largest_step=0.5,
                smallest_step=0.02,
                cool_down=0.0,
                analyst_step=4.0,
                floor=0.0,
                ceiling=1.0,
            ),
            confidence=0.9,
        ),
        rarity=0.05,
        half_life=None,
        seed=seed,
    )


def lived(
    method: str,
    stream: Stream,
    *,
    labels: int = 200,
    seed: int = 0,
    noise: float = 0.0,
    delay: int = 0,
) -> Outcome:
    """The stream under a method."""
    given = setting(stream, labels=labels, seed=seed)
    analysts = Analysts(stream.real, noise=noise, delay=delay, people=5, seed=seed)
    return simulate(stream, METHODS[method](given), given, analysts, lambda: None)
