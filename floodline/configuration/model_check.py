"""What can only be told of a detector by name by making it."""

from floodline.configuration.sections import Configuration
from floodline.detection.parameters import NamedDetector
from floodline.errors import ConfigurationError


def check_model(configuration: Configuration) -> None:
    """Make a detector by name once, as the consumer does, and compare it with detector.missing.

    It proves itself when it is made, which takes seconds; other models need no proof.

    Raises:
        ConfigurationError: there is no such detector, it may not be used, or it cannot do without
            a feature that detector.missing lets it do without.
    """
    parameters = configuration.model_parameters
    if not isinstance(parameters, NamedDetector):
        return
    # Imported where it is named: all of River takes two seconds.
    from floodline.detection.named_detector import RiverDetector

    rules = configuration.detector.missing
    try:
        made = RiverDetector(parameters, tuple(sorted(configuration.detector.features)))
    except ConfigurationError as error:
        raise ConfigurationError(f"[model]: {error}") from error
    ignored = sorted(name for name, rule in rules.items() if rule == "ignore")
    if ignored and not made.takes_missing:
        raise ConfigurationError(
            f"detector.missing: {', '.join(ignored)}: 'ignore', but {' | '.join(parameters.steps)} "
            "cannot score an event without a feature; say 'refuse' or a number that stands in"
        )
