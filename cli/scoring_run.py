"""One pass over a file of events: score, learn, write, evaluate."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from cli.evaluation import Evaluation, Quality
from cli.scored_lines import Block, Writer
from floodline.detection.scorer import ScoredRows, Scorer, joined
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import ConfigurationError
from floodline.events.files.event_file import Chunk, EventFile, Wanted

Progress = Callable[[int, int], None]
"""Told how much was read, of how much."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass came to.

    Attributes:
        events: events that were scored and learnt.
        invalid: events that were left out.
        alerts: events at or above the threshold, none while warming up.
        warm_up_events: events that were scored while the model was warming up.
        seconds: wall time of reading, scoring and writing.
    """

    events: int = 0
    invalid: int = 0
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
        }
        return found | (msgspec.to_builtins(self.quality) if self.quality else {})


class ScoringRun:
    """Steps a scorer through files in micro-batches; their size changes no result.

    With `explain` alerts have an explanation. `stand_ins` are numbers by feature for events that
    lack it; without one it stays missing.
    """

    def __init__(
        self,
        scorer: Scorer,
        rule: ThresholdRule,
        batch_size: int,
        stand_ins: Mapping[str, float] | None = None,
        *,
        explain: bool = False,
    ) -> None:
        self._scorer = scorer
        self._rule = rule
        self._batch_size = batch_size
        self._explain = explain
        self._stand_ins = {
            scorer.features.index(name): number
            for name, number in (stand_ins or {}).items()
            if name in scorer.features
        }

    def score(self, file: EventFile, wanted: Wanted, writer: Writer, progress: Progress) -> Totals:
        """Score and learn every event in order.

        Raises:
            ConfigurationError: the file has no event that can be scored, or is damaged.
        """
        evaluation = None if wanted.label is None else Evaluation(file.name, wanted.label)
        totals = Totals()
        started = time.perf_counter()
        for chunk in file.chunks(wanted):
            scored = self._steps(chunk)
            writer.write(Block(numbers=chunk.numbers, scored=scored, events=chunk.events))
            if evaluation is not None and chunk.labels is not None:
                evaluation.add(scored.score, chunk.labels)
            totals = _added(totals, chunk, scored)
            progress(*file.progress())
        writer.close()
        seconds = time.perf_counter() - started
        if not totals.events:
            raise ConfigurationError(
                f"{file.name}: none of its {totals.invalid} events could be read"
            )
        quality = None if evaluation is None else evaluation.quality()
        return msgspec.structs.replace(totals, seconds=seconds, quality=quality)

    def _steps(self, chunk: Chunk) -> ScoredRows:
        for place, number in self._stand_ins.items():
            column = chunk.rows[:, place]
            column[np.isnan(column)] = number
        starts = range(0, max(1, len(chunk.rows)), self._batch_size)
        steps = [
            self._scorer.step_many(
                chunk.rows[start : start + self._batch_size], self._rule, explain=self._explain
            )
            for start in starts
        ]
        return joined(steps)


def _added(totals: Totals, chunk: Chunk, scored: ScoredRows) -> Totals:
    return msgspec.structs.replace(
        totals,
        events=totals.events + len(chunk.rows),
        invalid=totals.invalid + chunk.invalid,
        alerts=totals.alerts + int(scored.is_alert.sum()),
        warm_up_events=totals.warm_up_events + int(scored.warming_up.sum()),
    )
