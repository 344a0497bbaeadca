"""ROC-AUC and average precision of scores, by labels."""

import numpy as np
import pytest

from cli.evaluation import Evaluation
from floodline.errors import ConfigurationError


def test_figures_over_all_chunks() -> None:
    """Of the six pairs five are in order; the anomalies stand at ranks 1 and 3."""
    evaluation = Evaluation("events.csv", "label")
    evaluation.add(np.array([0.9, 0.1]), np.array([True, False]))
    evaluation.add(np.array([0.5, 0.4, 0.2]), np.array([False, True, False]))
    quality = evaluation.quality()
    assert quality.anomalies == 2
    assert quality.roc_auc == pytest.approx(5 / 6)
    assert quality.average_precision == pytest.approx((1 + 2 / 3) / 2)


@pytest.mark.parametrize(("label", "kind"), [(False, "normal"), (True, "an anomaly")])
def test_one_class_cannot_be_ranked(label: bool, kind: str) -> None:
    """A label of one class only is refused, with the file and the column."""
    evaluation = Evaluation("events.csv", "label")
    evaluation.add(np.array([0.9, 0.1]), np.array([label, label]))
    with pytest.raises(ConfigurationError, match=f"events.csv: every label in 'label' says {kind}"):
        evaluation.quality()
