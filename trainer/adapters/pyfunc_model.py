"""The model as MLflow hands it to others: models-from-code over data-only state.

Our own processes never load this: they read the same state from the state store. Others may; their
MLflow runs this file, which reads the state and scores each row without learning it.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule


class FloodlineModel(PythonModel):
    """Rows of features in, `score` in [0, 1] out, one a row; the model does not change."""

    def load_context(self, context: Any) -> None:
        """Read the state that was logged with the model."""
        self._state = Path(context.artifacts["state"]).read_bytes()

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """The score of each row; columns are the detector's features."""
        scorer = Scorer.from_state(self._state)
        rule = ThresholdRule(score=1.0)
        scores = [
            scorer.step({str(name): float(value) for name, value in row.items()}, rule, learn=False)
            for row in model_input.to_dict(orient="records")
        ]
        return pd.DataFrame({"score": [each.score for each in scores]}, index=model_input.index)


set_model(FloodlineModel())
