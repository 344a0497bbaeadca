"""What `config check` says about the first alert is what the scorer does."""

from typing import Any

import numpy as np
import pytest

from floodline.configuration.first_alert import events_before_alerts
from floodline.configuration.sections import Configuration
from floodline.detection.scorer import Scorer


def configured(model: dict[str, Any], threshold: dict[str, float]) -> Configuration:
    """A detector of one feature."""
    detector = {"name": "t", "topic": "t", "features": ["x"]}
    given = {"detector": detector, "model": model, "threshold": threshold}
    return Configuration.model_validate(given)


@pytest.mark.parametrize(
    ("model", "threshold", "events"),
    [
        ({}, {}, 250 + 200),
        ({}, {"initial_rarity": 0.0003}, 250 + 689),
        ({}, {"initial_rarity": 0.004}, 250 + 200),
        ({}, {"initial_rarity": 0.006}, 250 + 166),
        ({}, {"initial_rarity": 0.3}, 250 + 3),
        ({"warm_up": 9}, {"initial_rarity": 0.02}, 16 + 49),
        ({"warm_up": 40}, {"initial_score": 0.0}, 40),
        ({"profile": "river", "window": 30}, {"initial_rarity": 0.1}, 30 + 9),
    ],
)
def test_no_event_before_can_alert_and_the_next_one_can(
    model: dict[str, Any], threshold: dict[str, float], events: int
) -> None:
    """A threshold is infinite, or the model warms up, for just so many events."""
    configuration = configured(model, threshold)
    assert events_before_alerts(configuration) == events
    scorer = Scorer.new(configuration.model_parameters, ("x",))
    rows = np.linspace(0.0, 1.0, events + 5).reshape(-1, 1)
    scored = scorer.step_many(rows, configuration.initial_rule)
    possible = np.isfinite(scored.threshold) & ~scored.warming_up
    assert np.flatnonzero(possible)[0] == events


def test_a_rarity_that_no_score_can_reach_is_refused() -> None:
    """The tail of 10,000 scores tells 1 in 50,000, less it does not."""
    configured({}, {"initial_rarity": 0.00002})
    with pytest.raises(ValueError, match="greater than or equal to"):
        configured({}, {"initial_rarity": 0.000019})
