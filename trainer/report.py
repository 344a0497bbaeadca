"""A retrain's run, put together for the log: parameters, metrics, tags, tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from floodline.configuration.sections import Configuration
from floodline.detection.parameters import ModelParameters, NamedDetector, RiverProfile
from trainer.evaluation import (
    Case,
    metrics,
    new_scores,
    published_scores,
    score_statistics,
    truth,
)
from trainer.figures import drawn
from trainer.gate import Judgement
from trainer.ports import OffsetRange
from trainer.run import Run
from trainer.training import Sample, Trained

_EXAMPLES = 5
_SAID = (
    "Labelled events only: what has no label is left out, and only alerts get labels, so recall is "
    "among labelled real events. Each score was given before the model learnt the event; the "
    "held-out part is the last of the range and was scored without its labels. `champion_` is the "
    "score that was published with the alert."
)


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What a retrain was made from: together with the code, all that it depends on.

    Attributes:
        label_digest: sha256 of the current labels.
        source: where the events came from, with the topic's id.
        commit: the code's git commit; None where it is not known.
    """

    ranges: Sequence[OffsetRange]
    topic_id: str
    labels: int
    label_digest: str
    records: int
    invalid: int
    source: str
    trigger: str
    commit: str | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a retrain found."""

    samples: Sequence[Sample]
    trained: Trained
    cases: Sequence[Case]
    judgement: Judgement
    threshold: float | None
    threshold_reason: str


def run_of(configuration: Configuration, inputs: Inputs, outcome: Outcome) -> Run:
    """All that is logged."""
    detector = configuration.detector.name
    example = [dict(sample.features) for sample in outcome.samples[-_EXAMPLES:]]
    return Run(
        name=f"retrain {detector}",
        tags=_tags(configuration, inputs),
        params=_params(configuration, inputs, outcome),
        metrics=metrics_of(outcome),
        figures=drawn(outcome.cases, outcome.threshold, configuration.threshold.target_precision),
        mistakes=_mistakes(outcome),
        dataset=[_row(case) for case in outcome.cases],
        source=inputs.source,
        state=outcome.trained.state,
        example=example,
        description=_SAID,
    )


def _tags(configuration: Configuration, inputs: Inputs) -> dict[str, str]:
    return {
        "detector": configuration.detector.name,
        "algorithm": _algorithm(configuration.model_parameters),
        "data_source": inputs.source,
        "trigger": inputs.trigger,
    }


def _algorithm(parameters: ModelParameters) -> str:
    if isinstance(parameters, NamedDetector):
        return parameters.steps[-1]
    river = isinstance(parameters, RiverProfile)
    return "river-half-space-trees" if river else "remembering-forest"


def _params(configuration: Configuration, inputs: Inputs, outcome: Outcome) -> dict[str, str]:
    params: dict[str, Any] = {
        **msgspec.to_builtins(configuration.model_parameters),
        "features": ",".join(configuration.detector.features),
        "topic": configuration.topics.events,
        "topic_id": inputs.topic_id,
        **{f"offsets_{each.partition}": f"{each.start}-{each.end}" for each in inputs.ranges},
        "records": inputs.records,
        "invalid_records": inputs.invalid,
        "events": len(outcome.samples),
        "train_events": outcome.trained.split,
        "held_out_events": len(outcome.samples) - outcome.trained.split,
        "held_out_share": configuration.trainer.held_out,
        "labels_current": inputs.labels,
        "labels_sha256": inputs.label_digest,
        "labels_in_range": len(outcome.cases),
        "target_precision": configuration.threshold.target_precision,
        "threshold": outcome.threshold,
        "threshold_reason": outcome.threshold_reason,
        "git_commit": inputs.commit or "unknown",
    }
    return {name: str(value)[:6000] for name, value in params.items()}


def metrics_of(outcome: Outcome) -> dict[str, float]:
    """Numbers for both parts; the champion's where they can be compared."""
    found: dict[str, float] = {}
    trained, split = outcome.trained, outcome.trained.split
    for part, held_out in (("train", False), ("held_out", True)):
        chosen = [case for case in outcome.cases if case.held_out is held_out]
        real = truth(chosen)
        _add(found, part, metrics(real, new_scores(chosen), outcome.threshold))
        _add(found, f"champion_{part}", metrics(real, published_scores(chosen), None))
        window = slice(split, None) if held_out else slice(0, split)
        scores = trained.scores[window][trained.warm[window]]
        _add(found, part, score_statistics(scores, outcome.threshold))
    return found


def _add(found: dict[str, float], part: str, numbers: Mapping[str, float]) -> None:
    found.update({f"{part}_{name}": value for name, value in numbers.items()})


def _row(case: Case) -> dict[str, Any]:
    return {
        "alert_id": case.label.alert_id,
        "partition": case.label.partition,
        "offset": case.label.offset,
        "part": "held_out" if case.held_out else "train",
        **case.sample.features,
        "score": case.score,
        "published_score": case.published,
        "label": int(case.real),
    }


def _mistakes(outcome: Outcome) -> list[dict[str, Any]]:
    """Labelled events on the wrong side of the threshold, the furthest from it first."""
    threshold = outcome.threshold
    if threshold is None:
        return []
    wrong = [case for case in outcome.cases if (case.score >= threshold) is not case.real]
    wrong.sort(key=lambda case: abs(case.score - threshold), reverse=True)
    return [
        {"mistake": "false_negative" if case.real else "false_positive"} | _row(case)
        for case in wrong
    ]
