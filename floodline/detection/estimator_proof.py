"""Before a named detector is used: does it keep the laws that every detector keeps?"""

import functools
import random

import msgspec

from floodline.detection.estimator_names import new_steps
from floodline.detection.estimator_pipeline import EstimatorPipeline
from floodline.detection.parameters import NamedDetector
from floodline.errors import ConfigurationError, StateRefused

EVENTS = 40
"""Made events that are learnt before the state is taken, and after."""

BOUND = 1e75
"""Values beyond it are cut to it: squares of squares stay finite, and no arithmetic fails."""

HOSTILE = (0.0, BOUND, -BOUND, 5e-324, 1.0, 1.0)
"""Values that events of the proof take, one feature and all of them."""

_FAILURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What River's estimators raise for an event that they cannot take."""


def prove(parameters: NamedDetector, features: tuple[str, ...]) -> bool:
    """Whether the estimators can do with missing features, after all else is proven.

    Proven on seeded events: scoring changes nothing; two of the same parameters score the same;
    a state is data and goes on to the bit. An estimator that keeps these laws on the made events
    and breaks them later is not found out here.

    Raises:
        ConfigurationError: a law is broken; the message says which, and by what.
    """
    return _proven(msgspec.json.encode(parameters), features)


@functools.lru_cache(maxsize=64)
def _proven(encoded: bytes, features: tuple[str, ...]) -> bool:
    """Each partition makes the same detector: one proof will do."""
    parameters = msgspec.json.decode(encoded, type=NamedDetector)
    name = " | ".join(parameters.steps)
    try:
        one, two = _new(parameters, features), _new(parameters, features)
        if _step(one, _events(features, 1)) != _step(two, _events(features, 1)):
            raise ConfigurationError(
                f"{name} cannot be used: twice the same events gave two different scores"
            )
        _prove_future(name, one, parameters, features)
    except StateRefused as error:
        raise ConfigurationError(f"{name} cannot be used: its {error}") from error
    except _FAILURES as error:
        raise ConfigurationError(
            f"{name} cannot be used: it fails on events of numbers alone: {error!r}"
        ) from error
    return _takes_missing(parameters, features)


def _new(parameters: NamedDetector, features: tuple[str, ...]) -> EstimatorPipeline:
    pipeline = EstimatorPipeline(new_steps(parameters.steps, parameters.parameters))
    pipeline.meet(features)
    return pipeline


def _events(features: tuple[str, ...], seed: int) -> list[dict[str, float]]:
    draw = random.Random(seed)  # noqa: S311  # made events, no secret
    events = [{name: draw.gauss(0.0, 1.0) for name in features} for _ in range(EVENTS)]
    for at, value in enumerate(HOSTILE):
        events[-1 - at] = dict.fromkeys(features, value)
        events[5 + at][features[at % len(features)]] = value
    return events


def _step(pipeline: EstimatorPipeline, events: list[dict[str, float]]) -> list[float]:
    scores = []
    for event in events:
        scores.append(pipeline.score(event))
        pipeline.learn(dict(event))
    return scores


def _prove_future(
    name: str, pipeline: EstimatorPipeline, parameters: NamedDetector, features: tuple[str, ...]
) -> None:
    before = pipeline.to_state()
    fresh = new_steps(parameters.steps, parameters.parameters)
    again = EstimatorPipeline.tried_out(before, fresh, features)
    events = _events(features, 2)
    for event in events:
        pipeline.score(event)
    if pipeline.to_state() != before:
        raise ConfigurationError(f"{name} cannot be used: scoring changes its state")
    same = _step(pipeline, events) == _step(again, events)
    if not same or again.to_state() != pipeline.to_state():
        raise ConfigurationError(
            f"{name} cannot be used: loaded from its state it does not go on as before"
        )


def _takes_missing(parameters: NamedDetector, features: tuple[str, ...]) -> bool:
    """Events without one feature, one after the other, and without any."""
    pipeline = _new(parameters, features)
    try:
        for at, event in enumerate(_events(features, 3)):
            thinned = dict(event)
            del thinned[features[at % len(features)]]
            pipeline.score(thinned)
            pipeline.learn({} if at == EVENTS // 2 else thinned)
    except _FAILURES:
        return False
    return True
