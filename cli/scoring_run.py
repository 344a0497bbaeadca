"""One pass over a file of events: score, learn, write, evaluate."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from cli.evaluation import Evaluation, Quality
from cli.scored_lines import Block, Refusal, Writer
from floodline.detection.scorer import ScoredRows, Scorer, joined
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import ConfigurationError
from floodline.events.decoding import Schema
from floodline.events.files.event_file import Chunk, EventFile, Wanted
from floodline.events.files.missing import MissingValues

Progress = Callable[[int, int], None]
"""Told how much was read, of how much."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass came to.

    Attributes:
        events: events that were scored and learnt.
        invalid: events that were left out.
        refused: events without a feature that they need; neither scored nor learnt.
        alerts: events at or above the threshold, none while warming up.
        warm_up_events: events that were scored while the model was warming up.
        seconds: wall time of reading, scoring and writing.
    """

    events: int = 0
    invalid: int = 0
    refused: int = 0
    alerts: int = 0
    warm_up_events: int = 0
    seconds: float = 0.0
    quality: Quality | None = None

    def as_object(self) -> dict[str, Any]:
        """The figures by name."""
        found = {
            "events": self.events,
            "events_per_second": round(self.events / self.seconds, 1) if self.seconds else 0.0,
            "alerts": self.alerts,
            "warm_up_events": self.warm_up_events,
            "invalid": self.invalid,
            "refused": self.refused,
        }
        return found | (msgspec.to_builtins(self.quality) if self.quality else {})


class ScoringRun:
    """Steps a scorer through files in micro-batches; their size changes no result.

    With `explain` alerts have an explanation. `schema` says what becomes of missing values, as it
    tells the consumer; without one they stay missing.
    """

    def __init__(
        self,
        scorer: Scorer,
        rule: ThresholdRule,
        batch_size: int,
        schema: Schema | None = None,
        *,
        explain: bool = False,
    ) -> None:
        self._scorer = scorer
        self._rule = rule
        self._batch_size = batch_size
        self._explain = explain
        self._missing = MissingValues(scorer.features, schema)

    @property
    def may_refuse(self) -> bool:
        """Whether an event can lack what it needs."""
        return self._missing.may_refuse

    def score(self, file: EventFile, wanted: Wanted, writer: Writer, progress: Progress) -> Totals:
        """Score and learn every event in order.

        Raises:
            ConfigurationError: the file has no event that can be scored, or is damaged.
        """
        evaluation = None if wanted.label is None else Evaluation(file.name, wanted.label)
        totals = Totals()
        started = time.perf_counter()
        for read in file.chunks(wanted):
            chunk, refusals = self._settled(read)
            scored = self._steps(chunk)
            writer.write(
                Block(numbers=chunk.numbers, scored=scored, events=chunk.events, refusals=refusals)
            )
            if evaluation is not None and chunk.labels is not None:
                evaluation.add(scored.score, chunk.labels)
            totals = _added(totals, chunk, scored, len(refusals))
            progress(*file.progress())
        writer.close()
        seconds = time.perf_counter() - started
        if not totals.events:
            raise _none(file.name, totals)
        quality = None if evaluation is None else evaluation.quality()
        return msgspec.structs.replace(totals, seconds=seconds, quality=quality)

    def _settled(self, chunk: Chunk) -> tuple[Chunk, list[Refusal]]:
        """What is scored of the chunk, and what is refused."""
        refused = self._missing.settle(chunk.rows)
        if not refused:
            return chunk, []
        refusals = [
            Refusal(
                row=int(chunk.numbers[at]),
                refused="missing_feature",
                detail=f"feature {name!r} is missing or null",
                event=msgspec.UNSET if chunk.events is None else chunk.events[at],
            )
            for at, name in refused.items()
        ]
        kept = np.array([at for at in range(len(chunk.rows)) if at not in refused], dtype=np.intp)
        scored = msgspec.structs.replace(
            chunk,
            numbers=chunk.numbers[kept],
            rows=chunk.rows[kept],
            labels=None if chunk.labels is None else chunk.labels[kept],
            events=None if chunk.events is None else [chunk.events[at] for at in kept.tolist()],
        )
        return scored, refusals

    def _steps(self, chunk: Chunk) -> ScoredRows:
        starts = range(0, max(1, len(chunk.rows)), self._batch_size)
        steps = [
            self._scorer.step_many(
                chunk.rows[start : start + self._batch_size], self._rule, explain=self._explain
            )
            for start in starts
        ]
        return joined(steps)


def _none(name: str, totals: Totals) -> ConfigurationError:
    if not totals.refused:
        return ConfigurationError(f"{name}: none of its {totals.invalid} events could be read")
    return ConfigurationError(
        f"{name}: none of its events could be scored: {totals.refused} lack a feature, "
        f"{totals.invalid} could not be read; say in detector.missing what stands in for one"
    )


def _added(totals: Totals, chunk: Chunk, scored: ScoredRows, refused: int) -> Totals:
    return msgspec.structs.replace(
        totals,
        events=totals.events + len(chunk.rows),
        invalid=totals.invalid + chunk.invalid,
        refused=totals.refused + refused,
        alerts=totals.alerts + int(scored.is_alert.sum()),
        warm_up_events=totals.warm_up_events + int(scored.warming_up.sum()),
    )
