"""The model of a run: the configuration's, with flags over it."""

import pytest

from cli.model_flags import ModelFlags, profile_of
from floodline.detection.parameters import DefaultProfile, NamedDetector, RiverProfile
from floodline.errors import ConfigurationError


def test_without_a_word_it_is_the_default_profile() -> None:
    """No configuration and no flag."""
    assert ModelFlags().over(None) == DefaultProfile()
    assert ModelFlags(trees=25, memory=2_000).over(None) == DefaultProfile(trees=25, memory=2_000)


def test_flags_lie_over_the_configuration() -> None:
    """What no flag names stays as configured."""
    configured = RiverProfile(trees=25, height=15, seed=7)
    assert ModelFlags(seed=8).over(configured) == RiverProfile(trees=25, height=15, seed=8)
    assert ModelFlags(profile="river").over(configured) == configured


def test_another_profile_starts_from_its_own_defaults() -> None:
    """A configured height of 15 is no wish for the other profile."""
    found = ModelFlags(profile="default", seed=1).over(RiverProfile(height=15))
    assert found == DefaultProfile(seed=1)
    assert profile_of(found) == "default"


def test_a_parameter_that_the_profile_lacks_is_refused() -> None:
    """It is said which profile, and what it has."""
    with pytest.raises(ConfigurationError, match=r"--memory: the profile 'river' has no memory"):
        ModelFlags(profile="river", memory=100).over(None)
    with pytest.raises(ConfigurationError, match=r"--trees: the profile 'detector'"):
        ModelFlags(trees=3).over(NamedDetector(steps=("river.anomaly.LocalOutlierFactor",)))
