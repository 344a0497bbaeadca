"""Where a model that begins anew gets its first knowledge from: events that it only learns."""

import sys
from datetime import datetime
from typing import Literal

import msgspec
import numpy as np
import structlog

from consumer.ports import Input, Log
from consumer.records import Batch
from floodline.configuration.sections import Configuration
from floodline.detection.scorer import Scorer
from floodline.errors import ConfigurationError
from floodline.events.files.event_file import EventFile, Wanted
from floodline.events.files.missing import MissingValues
from floodline.events.files.opening import open_events
from floodline.events.row_decoder import RowDecoder

log = structlog.get_logger(__name__)

_SECONDS = 0.25
_BATCH = 1_000


class History(msgspec.Struct, frozen=True):
    """What `consumer.warm_from` names: an offset, a time in milliseconds since 1970, or a file."""

    kind: Literal["offset", "time", "file"]
    value: int | str


def parse_history(text: str) -> History:
    """`earliest`, `offset:1200`, `time:2026-01-31T00:00:00Z` or `file:history.csv`.

    Raises:
        ConfigurationError: it is none of these.
    """
    kind, _, value = text.partition(":")
    try:
        if text == "earliest":
            return History("offset", 0)
        if kind == "offset" and int(value) >= 0:
            return History("offset", int(value))
        if kind == "time":
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return History("time", round(moment.timestamp() * 1000))
        if kind == "file" and value:
            return History("file", value)
    except ValueError:
        pass  # said below, with what would do
    raise ConfigurationError(
        f"consumer.warm_from: {text!r} is none of earliest, offset:1200, "
        "time:2026-01-31T00:00:00Z (with its zone) and file:history.csv"
    )


def check_columns(file: EventFile, features: tuple[str, ...]) -> None:
    """Refuse a history without one of the features.

    Raises:
        ConfigurationError: a column is not there.
    """
    known = set(file.columns)
    names = {name: name.split(".")[0] for name in features}
    missing = [name for name, root in names.items() if not known & {name, root}]
    if missing:
        raise ConfigurationError(f"{file.name}: has no column {', '.join(missing)}")


class Teacher:
    """Makes the model that a partition begins with."""

    def __init__(self, configuration: Configuration, source: Input, topics: Log) -> None:
        self._configuration = configuration
        self._input = source
        self._log = topics
        given = configuration.consumer.warm_from
        self._history = None if given is None else parse_history(given)

    def scorer(self, partition: int, end: int) -> Scorer | None:
        """A scorer that learnt the history before offset `end`; None where none is asked for.

        Raises:
            ConfigurationError: the file cannot be read, or nothing of the history is left.
            DependencyDown: Kafka does not answer.
        """
        if self._history is None:
            return None
        configuration = self._configuration
        scorer = Scorer.new(configuration.model_parameters, configuration.detector.features)
        if self._history.kind == "file":
            self._learn_file(scorer, str(self._history.value))
        else:
            self._learn_log(scorer, partition, end)
        log.info(
            "model learnt its history",
            partition=partition,
            history=configuration.consumer.warm_from,
            events=scorer.events,
            warming_up=scorer.warming_up,
        )
        scorer.events = 0
        return scorer

    def _learn_file(self, scorer: Scorer, name: str) -> None:
        with open_events(name, None, sys.stdin.buffer) as file:
            check_columns(file, scorer.features)
            missing = MissingValues(scorer.features, self._configuration.schema_of_events)
            for chunk in file.chunks(Wanted(features=scorer.features)):
                refused = missing.settle(chunk.rows)
                rows = np.delete(chunk.rows, list(refused), axis=0)
                scorer.step_many(rows, self._configuration.initial_rule)

    def _learn_log(self, scorer: Scorer, partition: int, end: int) -> None:
        low, _ = self._input.bounds(partition)
        start = self._start(partition, low)
        replay = self._log.replay(partition, start, end)
        decoder = RowDecoder(self._configuration.schema_of_events)
        try:
            done = start >= end
            while not done:
                batches, done = replay.read(_SECONDS)
                for batch in batches:
                    self._learn(scorer, decoder, batch)
        finally:
            replay.close()

    def _start(self, partition: int, low: int) -> int:
        assert self._history is not None  # noqa: S101  # `scorer` asked
        wanted = int(self._history.value)
        if self._history.kind == "time":
            return self._input.offset_at(partition, wanted)
        return max(low, wanted)

    def _learn(self, scorer: Scorer, decoder: RowDecoder, batch: Batch) -> None:
        """Learn what can be decoded; the rest is history and no dead letter."""
        rows = decoder.decode(batch.values).rows
        for start in range(0, len(rows), _BATCH):
            scorer.step_many(rows[start : start + _BATCH], self._configuration.initial_rule)
