"""How long a model that begins anew is silent."""

import math

from floodline.configuration.sections import Configuration
from floodline.detection.parameters import DefaultProfile, ModelParameters, RiverProfile


def events_before_alerts(configuration: Configuration) -> int:
    """Events of a partition that can give no alert, whatever they hold, before any release.

    Under a rarity r a score is rare enough only among n scores with 1 / (n + 1) <= r; those of the
    warm-up do not count.
    """
    warm_up = warm_up_of(configuration.model_parameters)
    rarity = configuration.initial_rule.rarity
    return warm_up if rarity is None else warm_up + math.ceil(1 / rarity) - 1


def warm_up_of(parameters: ModelParameters) -> int:
    """Events that only warm the model up; River's trees do so for a window."""
    if isinstance(parameters, RiverProfile):
        return parameters.window
    if isinstance(parameters, DefaultProfile):
        return max(parameters.warm_up, parameters.start)
    return parameters.warm_up
