"""How long a model that begins anew is silent."""

from floodline.configuration.sections import Configuration
from floodline.detection.parameters import DefaultProfile, ModelParameters, RiverProfile
from floodline.detection.scorer import RARITY_WINDOW
from floodline.detection.short_sample import soonest


def events_before_alerts(configuration: Configuration) -> int:
    """Events of a partition that can give no alert, whatever they hold, before any release.

    Under a rarity r a score is rare enough only among n scores with 1 / (n + 1) <= r or, where they
    have a tail that can be asked, a fifth of that; those of the warm-up do not count.
    """
    warm_up = warm_up_of(configuration.model_parameters)
    rarity = configuration.initial_rule.rarity
    return warm_up if rarity is None else warm_up + soonest(RARITY_WINDOW, rarity)


def warm_up_of(parameters: ModelParameters) -> int:
    """Events that only warm the model up; River's trees do so for a window."""
    if isinstance(parameters, RiverProfile):
        return parameters.window
    if isinstance(parameters, DefaultProfile):
        return max(parameters.warm_up, parameters.start)
    return parameters.warm_up
