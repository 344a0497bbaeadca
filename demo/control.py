"""What the same stream would have alerted with the threshold left as it began."""

from demo.streams import Stream
from floodline.detection.parameters import ModelParameters
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule


def fixed_alerts(
    stream: Stream, partitions: int, parameters: ModelParameters, rule: ThresholdRule
) -> list[int]:
    """Rows that the initial rule alerts on: the consumer's own scoring, no label and no release."""
    scorers = [Scorer.new(parameters, stream.features) for _ in range(partitions)]
    return [
        row
        for row, features in enumerate(stream.rows)
        if scorers[row % partitions].step(features, rule).is_alert
    ]
