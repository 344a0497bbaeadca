"""From names and parameters to River estimators; no other module is ever imported."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from river import anomaly, base, feature_extraction, neighbors, optim, preprocessing, stats

from floodline.errors import ConfigurationError

SEED = 42
"""The seed of an estimator that has one and is given none."""

_PACKAGES = {
    "anomaly": anomaly,
    "feature_extraction": feature_extraction,
    "preprocessing": preprocessing,
}
_PARTS = _PACKAGES | {
    "neighbors": neighbors,
    "optim": optim,
    "optim.initializers": optim.initializers,
    "optim.losses": optim.losses,
    "optim.schedulers": optim.schedulers,
    "stats": stats,
}

_UNBOUNDED = (
    feature_extraction.Agg,
    preprocessing.OneHotEncoder,
    preprocessing.OrdinalEncoder,
)


def new_steps(names: Sequence[str], parameters: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The estimators of a pipeline, new: transformers, then one anomaly detector.

    A parameter that is itself an estimator is written as a table with `name` and, if it has any,
    `parameters`: `{"name": "river.neighbors.LazySearch", "parameters": {"window_size": 500}}`.

    Raises:
        ConfigurationError: a name is none of River's, or a step cannot stand where it does.
    """
    if not names:
        raise ConfigurationError("a detector by name needs at least one step, its last a detector")
    if len(parameters) > len(names):
        raise ConfigurationError(f"{len(parameters)} tables of parameters for {len(names)} steps")
    given = [*parameters, *({} for _ in range(len(names) - len(parameters)))]
    steps = [_new(name, each, _PACKAGES) for name, each in zip(names, given, strict=True)]
    for name, step in zip(names[:-1], steps[:-1], strict=True):
        _check_transformer(name, step)
    _check_detector(names[-1], steps[-1])
    return steps


def _new(name: str, parameters: Mapping[str, Any], packages: Mapping[str, Any]) -> Any:
    cls = _class(name, packages)
    if not isinstance(parameters, Mapping):
        raise ConfigurationError(f"the parameters of {name} are a table, not {parameters!r:.40}")
    accepted = inspect.signature(cls).parameters
    arguments = {str(key): _argument(value) for key, value in parameters.items()}
    for unknown in arguments.keys() - accepted.keys():
        raise ConfigurationError(
            f"{name} has no parameter {unknown!r}; it has {', '.join(accepted) or 'none'}"
        )
    if "seed" in accepted and arguments.get("seed") is None:
        arguments["seed"] = SEED
    try:
        return cls(**arguments)
    except (TypeError, ValueError, AttributeError, ArithmeticError, LookupError) as error:
        raise ConfigurationError(
            f"{name} cannot be made with {dict(parameters)}: {error}"
        ) from error


def _class(name: str, packages: Mapping[str, Any]) -> Any:
    package, _, attribute = name.removeprefix("river.").rpartition(".")
    found = packages.get(package) if name.startswith("river.") else None
    if found is None or attribute not in found.__all__:
        allowed = ", ".join(f"river.{each}.*" for each in packages)
        raise ConfigurationError(f"{name!r} is no estimator of River's; there are {allowed}")
    cls = getattr(found, attribute)
    if not isinstance(cls, type):
        raise ConfigurationError(f"{name!r} is no estimator but a {type(cls).__name__}")
    return cls


def _argument(value: Any) -> Any:
    if isinstance(value, Mapping) and "name" in value and value.keys() <= {"name", "parameters"}:
        return _new(str(value["name"]), value.get("parameters", {}), _PARTS)
    return value


def _check_transformer(name: str, step: Any) -> None:
    if type(step) in _UNBOUNDED:
        raise ConfigurationError(
            f"{name} cannot be used: it remembers every value that it meets, so its state would "
            "grow for as long as events come"
        )
    if not isinstance(step, base.Transformer) or step._supervised:  # noqa: SLF001  # River's word
        raise ConfigurationError(
            f"{name} cannot stand before the detector: it is no transformer of features alone"
        )


def _check_detector(name: str, step: Any) -> None:
    if isinstance(step, base.SupervisedAnomalyDetector):
        raise ConfigurationError(
            f"{name} scores a target value, and events have none; take a detector of features, "
            "such as river.anomaly.LocalOutlierFactor"
        )
    if not isinstance(step, base.AnomalyDetector | base.AnomalyFilter):
        raise ConfigurationError(f"{name} cannot be the last step: it is no anomaly detector")
    inner = getattr(step, "anomaly_detector", None)
    if inner is not None:
        _check_detector(f"{name}'s anomaly_detector", inner)
