"""A long stream that drifts and whose concept flips: what was confirmed becomes usual, and back."""

from typing import Any

import msgspec
import numpy as np

from floodline.configuration.threshold_section import ThresholdSection
from floodline.detection.parameters import DefaultProfile
from floodline.feedback.decision import Decider
from floodline.simulation.analysts import Analysts
from floodline.simulation.method import Setting
from floodline.simulation.run import METHODS, Stream, simulate
from floodline.simulation.schedule import Schedule

EVENTS, FLIP, WARM_UP, WINDOW, A_WINDOW = 60_000, 30_000, 500, 250, 5
_FEATURES = tuple("abcdef")
_RECOVERED = 0.9
_STRETCH = 10


def stream(seed: int) -> Stream:
    """A crowd whose mean drifts by 1.5 deviations, two small modes, and lone outliers.

    One event in a hundred is of the first mode, one of the second: the first is what analysts look
    for until the flip, the second from then on; the same number of outliers never is.
    """
    random = np.random.default_rng(seed)
    drift = np.linspace(0, 1.5, EVENTS)[:, np.newaxis] * np.array([1, 0, 0.5, 0, 0, 0])
    rows = random.normal(size=(EVENTS, len(_FEATURES)))
    kind = random.choice(4, EVENTS, p=[0.97, 0.01, 0.01, 0.01])
    for number, centre in ((1, [4, 0, 0, 0, 3.5, 0]), (2, [0, -4, 0, 3.5, 0, 0])):
        own = kind == number
        rows[own] = np.array(centre) + 0.4 * rows[own]
    lone = kind == 3
    rows[lone] += random.normal(0, 3, (int(lone.sum()), len(_FEATURES)))
    early = np.arange(EVENTS) < FLIP
    return Stream(rows + drift, ((kind == 1) & early) | ((kind == 2) & ~early))


class Flipped(msgspec.Struct, frozen=True, kw_only=True):
    """What a method found of what could be found, window by window, in stretches of ten.

    Attributes:
        before: the share in the ten windows before the flip.
        after: in the stretches after it, each of 50 labels.
        labels: given after the flip until the first stretch with nine tenths of `before`; None
            where there was none.
    """

    before: float
    after: tuple[float, ...]
    labels: int | None


def measure(seeds: int) -> dict[str, Any]:
    """Each method's figures, by seed."""
    names = ("none", "feedback", "aad")
    return {
        name: [msgspec.to_builtins(_flipped(name, seed)) for seed in range(seeds)] for name in names
    }


def _flipped(name: str, seed: int) -> Flipped:
    found = stream(seed)
    windows = (EVENTS - WARM_UP) // WINDOW
    schedule = Schedule(events=EVENTS, warm_up=WARM_UP, size=WINDOW, labels=A_WINDOW * windows)
    section = ThresholdSection()
    setting = Setting(
        schedule=schedule,
        parameters=DefaultProfile(seed=42 + seed),
        features=_FEATURES,
        decider=Decider(
            policy=section.configured_policy, rails=section.rails, confidence=section.confidence
        ),
        rarity=0.02,
        half_life=None,
        seed=seed,
    )
    analysts = Analysts(found.real, noise=0.0, delay=0, people=5, seed=seed)
    outcome = simulate(found, METHODS[name](setting), setting, analysts, lambda: None)
    could = [min(A_WINDOW, int(found.real[schedule.window(each)].sum())) for each in range(windows)]
    return _told(np.array(outcome.found_by_window), np.array(could))


def _told(found: Any, could: Any) -> Flipped:
    flip = (FLIP - WARM_UP) // WINDOW

    def share(first: int) -> float:
        part = slice(first, first + _STRETCH)
        return float(found[part].sum() / max(1, could[part].sum()))

    before = share(flip - _STRETCH)
    after = tuple(share(first) for first in range(flip, flip + 8 * _STRETCH, _STRETCH))
    good = [at for at, each in enumerate(after) if before > 0 and each >= _RECOVERED * before]
    labels = (good[0] + 1) * _STRETCH * A_WINDOW if good else None
    return Flipped(before=before, after=after, labels=labels)
