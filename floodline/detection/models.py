"""From parameters, or from a state, to the detector they name."""

from floodline.detection.detector import Detector
from floodline.detection.parameters import DefaultProfile, ModelParameters, RiverProfile
from floodline.detection.remembering_forest import RememberingForest
from floodline.detection.river_profile import RiverProfileForest


def new_detector(parameters: ModelParameters, features: tuple[str, ...]) -> Detector:
    """A detector that has seen nothing.

    Raises:
        ValueError: a parameter lies outside its bounds.
        ConfigurationError: a named detector is none of River's, or its state is no data.
    """
    if isinstance(parameters, DefaultProfile):
        return RememberingForest(parameters, features)
    if isinstance(parameters, RiverProfile):
        return RiverProfileForest(parameters, features)
    # Imported where it is named: all of River takes two seconds.
    from floodline.detection.named_detector import RiverDetector

    return RiverDetector(parameters, features)


def detector_from_state(parameters: ModelParameters, data: bytes) -> Detector:
    """The detector whose `to_state` gave these bytes.

    Raises:
        StateRefused: the bytes are no state of such a detector.
    """
    if isinstance(parameters, DefaultProfile):
        return RememberingForest.from_state(data)
    if isinstance(parameters, RiverProfile):
        return RiverProfileForest.from_state(data)
    from floodline.detection.named_detector import RiverDetector

    return RiverDetector.from_state(data)
