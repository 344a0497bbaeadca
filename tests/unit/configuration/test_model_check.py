"""A detector by name is made once before it is needed."""

from typing import Any

import pytest

from floodline.configuration.model_check import check_model
from floodline.configuration.sections import Configuration
from floodline.detection import named_detector
from floodline.errors import ConfigurationError

LOF = "river.anomaly.LocalOutlierFactor"


def configured(*steps: str, **detector: Any) -> Configuration:
    """A detector of these steps."""
    section = {"name": "t", "topic": "t", "features": ["x", "y"], **detector}
    model = {"profile": "detector", "steps": list(steps)} if steps else {}
    return Configuration.model_validate({"detector": section, "model": model})


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("river.anomaly.LocalOutlier", r"\[model\]: .*LocalOutlier"),
        ("river.anomaly.QuantileFilter", r"\[model\]: .*QuantileFilter"),
        ("os.system", r"\[model\]: .*os.system"),
    ],
)
def test_what_the_consumer_would_refuse_is_refused(step: str, said: str) -> None:
    """With the same words, and the section they are about."""
    with pytest.raises(ConfigurationError, match=said):
        check_model(configured(step))


def test_what_can_serve_passes() -> None:
    """Floodline's own profile, and a detector that is there and does without a feature."""
    check_model(configured())
    check_model(configured(LOF, missing={"x": "ignore"}))


def test_ignore_needs_a_detector_that_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the feature, the rule, the detector and what to say instead."""

    def fails_without(*_: object) -> bool:
        return False

    monkeypatch.setattr(named_detector, "prove", fails_without)
    check_model(configured(LOF, missing={"x": "refuse", "y": 0}))
    with pytest.raises(ConfigurationError, match=r"x: 'ignore', but .*Factor cannot .* 'refuse'"):
        check_model(configured(LOF, missing={"x": "ignore"}))
