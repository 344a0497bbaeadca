"""Runs and models in MLflow."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # MLflow reads it when imported
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # its default waits for minutes
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")

import mlflow
import pandas as pd
from mlflow.data.pandas_dataset import from_pandas
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from requests.exceptions import RequestException
from sqlalchemy.exc import SQLAlchemyError

import floodline
from floodline.configuration.sections import Configuration
from floodline.errors import DependencyDown
from trainer.adapters.dataset_source import KafkaSource
from trainer.run import Logged, Run

CHALLENGER, CHAMPION, PREVIOUS = "challenger", "champion", "previous"
_MODEL_CODE = Path(__file__).with_name("pyfunc_model.py")
_LIBRARY = Path(floodline.__file__).parent
_NEEDED = ("mlflow", "msgspec", "numpy", "pandas", "river", "scipy")


class MlflowTracking:
    """One experiment and one registered model a detector."""

    def __init__(self, configuration: Configuration) -> None:
        section, detector = configuration.mlflow, configuration.detector.name
        self._uri = section.tracking_uri
        self._artifacts = section.artifacts
        self._experiment = section.experiment or f"floodline-{detector}"
        self.model_name = f"floodline-{detector}"

    def open(self) -> None:
        """Find or make the experiment; its files go to the configured folder or URI.

        Raises:
            DependencyDown: MLflow does not answer.
        """
        with self._answering():
            mlflow.set_tracking_uri(self._uri)
            mlflow.set_registry_uri(self._uri)
            self._experiment_id()

    @cached_property
    def _client(self) -> mlflow.MlflowClient:  # it asks the store when it is made
        return mlflow.MlflowClient(tracking_uri=self._uri, registry_uri=self._uri)

    def _experiment_id(self) -> str:
        found = self._client.get_experiment_by_name(self._experiment)
        if found is not None:
            return str(found.experiment_id)
        where = self._artifacts
        if "://" not in where:
            where = Path(where).absolute().as_uri()
        # A server keeps its own artifact root: a folder of ours means nothing there.
        remote = self._uri.startswith("http")
        return str(self._client.create_experiment(self._experiment, None if remote else where))

    def log(self, run: Run) -> Logged:
        """Log a finished run and register its model with the alias `challenger`.

        Raises:
            DependencyDown: MLflow does not answer.
        """
        with self._answering():
            with mlflow.start_run(
                experiment_id=self._experiment_id(),
                run_name=run.name,
                tags=dict(run.tags),
                description=run.description,
            ) as active:
                mlflow.log_params(dict(run.params))
                mlflow.log_metrics(dict(run.metrics))
                for name, figure in run.figures.items():
                    mlflow.log_figure(figure, name)
                self._log_tables(run)
                registered = self._log_model(run)
            self._client.set_registered_model_alias(self.model_name, CHALLENGER, registered)
            return Logged(active.info.run_id, registered)

    def _log_tables(self, run: Run) -> None:
        mistakes = pd.DataFrame(run.mistakes)
        mlflow.log_text(mistakes.to_json(orient="records", indent=2), "tables/mistakes.json")
        mlflow.log_text(mistakes.to_csv(index=False), "tables/mistakes.csv")
        if run.dataset:
            # MLflow warns of integer columns: none of ours is a quantity.
            kinds = {"partition": str, "offset": str, "label": float}
            dataset = from_pandas(
                pd.DataFrame(run.dataset).astype(kinds),
                name="labelled events",
                targets="label",
                source=KafkaSource(run.source),
            )
            mlflow.log_input(dataset, context="labels")
            mlflow.log_text(pd.DataFrame(run.dataset).to_csv(index=False), "tables/labelled.csv")

    def _log_model(self, run: Run) -> str:
        example = pd.DataFrame(run.example)
        with tempfile.TemporaryDirectory(prefix="floodline-model-") as folder:
            state = Path(folder, "state.msgpack")
            state.write_bytes(run.state)
            info = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(_MODEL_CODE),
                artifacts={"state": str(state)},
                code_paths=[str(_LIBRARY)],
                pip_requirements=[f"{name}=={version(name)}" for name in _NEEDED],
                signature=infer_signature(example, pd.DataFrame({"score": [0.5] * len(example)})),
                input_example=example,
                registered_model_name=self.model_name,
            )
        return str(info.registered_model_version)

    def close(self, logged: Logged, *, outcome: str, reason: str, release: int | None) -> None:
        """Note on the run what became of it; a published model becomes `champion`.

        The champion before it becomes `previous`.

        Raises:
            DependencyDown: MLflow does not answer.
        """
        with self._answering():
            self._client.set_tag(logged.run_id, "floodline.outcome", outcome)
            self._client.set_tag(logged.run_id, "floodline.reason", reason)
            if release is None:
                return
            self._client.set_tag(logged.run_id, "floodline.release", str(release))
            model = self._client.get_registered_model(self.model_name)
            former = model.aliases.get(CHAMPION)
            if former is not None and str(former) != logged.version:
                self._client.set_registered_model_alias(self.model_name, PREVIOUS, str(former))
            self._client.set_registered_model_alias(self.model_name, CHAMPION, logged.version)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (MlflowException, SQLAlchemyError, RequestException, OSError) as error:
            what = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise DependencyDown(
                f"MLflow at {self._uri}: {what}; check mlflow.tracking_uri and that it runs"
            ) from error
