"""Small detectors that labels can teach, and releases that do."""

import numpy as np

from floodline.detection.leaf_weights import LeafWeights
from floodline.detection.parameters import DefaultProfile
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import Release, WeightsRef
from floodline.storage import weight_tables
from tests.fakes.member import configure

MODEL = {"profile": "default", "trees": 5, "height": 4, "window": 20, "start": 5, "warm_up": 20}
EARLY = configure(model=MODEL, consumer={"snapshot_every_events": 100})
LATE = configure(model=MODEL, consumer={"snapshot_every_events": 100_000})
COLD = configure(
    model=MODEL, consumer={"on_lost_state": "cold_start", "snapshot_every_events": 100}
)


def weights(seed: int, trees: int = 5) -> LeafWeights:
    """What labels may have taught."""
    parameters = EARLY.model_copy(
        update={"model": EARLY.model.model_copy(update={"trees": trees})}
    ).model_parameters
    assert isinstance(parameters, DefaultProfile)
    table = np.random.default_rng(seed).normal(0.0, 1.5, (trees, 16))
    return LeafWeights(parameters, ("x", "y"), table)


def teaching(number: int, taught: LeafWeights | None) -> Release:
    """A release that changes the weights alone."""
    named = None
    if taught is not None:
        named = WeightsRef(sha256=weight_tables.digest(taught), labels=3)
    return Release(
        number=number,
        detector="gauge",
        kind="teaching",
        threshold=ThresholdRule(rarity=0.05),
        reason="test",
        made_by="test",
        created_at="2026-01-01T00:00:00Z",
        sampling=EARLY.review.initial_sampling,
        weights=named,
    )
