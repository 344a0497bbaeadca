"""Where a model that begins anew gets its first knowledge from: events that it only learns."""

import sys
import time
from collections.abc import Generator
from datetime import datetime
from typing import Literal

import msgspec
import numpy as np
import structlog

from consumer.ports import Clock, Input, Log
from floodline.configuration.sections import Configuration
from floodline.detection.detector import Rows
from floodline.detection.scorer import Scorer
from floodline.errors import ConfigurationError
from floodline.events.files.event_file import EventFile, Wanted
from floodline.events.files.missing import MissingValues
from floodline.events.files.opening import open_events
from floodline.events.row_decoder import RowDecoder

log = structlog.get_logger(__name__)

_READ_SECONDS = 0.25
_SLICE = 1_000


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


class Lesson:
    """A new model on its way through the history, slice by slice.

    What it becomes depends on the events and their order, never on the slices.
    """

    def __init__(
        self,
        configuration: Configuration,
        partition: int,
        slices: Generator[Rows, None, None],
        now: Clock,
    ) -> None:
        features = configuration.detector.features
        self.scorer = Scorer.new(configuration.model_parameters, features)
        self._configuration = configuration
        self._partition = partition
        self._slices = slices
        self._now = now

    def step(self, seconds: float) -> bool:
        """Learn for about `seconds`; True when nothing is left.

        Raises:
            ConfigurationError: the file cannot be read, or lacks a feature.
            DependencyDown: Kafka does not answer, or no longer holds the history.
        """
        until = self._now() + seconds
        for rows in self._slices:
            self.scorer.step_many(rows, self._configuration.initial_rule, rarities="alerts")
            if self._now() >= until:
                return False
        self._end()
        return True

    def _end(self) -> None:
        log.info(
            "model learnt its history",
            partition=self._partition,
            history=self._configuration.consumer.warm_from,
            events=self.scorer.events,
            warming_up=self.scorer.warming_up,
        )
        self.scorer.events = 0

    def close(self) -> None:
        """Let go of the file or the connection; a second call does nothing."""
        self._slices.close()


class Teacher:
    """Gives lessons to the models that partitions begin with."""

    def __init__(
        self,
        configuration: Configuration,
        source: Input,
        topics: Log,
        now: Clock = time.monotonic,
    ) -> None:
        self._now = now
        self._configuration = configuration
        self._input = source
        self._log = topics
        given = configuration.consumer.warm_from
        self._history = None if given is None else parse_history(given)

    def lesson(self, partition: int, end: int) -> Lesson | None:
        """The history before offset `end`, to be learnt; None where none is asked for."""
        history = self._history
        if history is None:
            return None
        if history.kind == "file":
            slices = self._of_file(str(history.value))
        else:
            slices = self._of_log(history, partition, end)
        return Lesson(self._configuration, partition, slices, self._now)

    def _of_file(self, name: str) -> Generator[Rows, None, None]:
        features = self._configuration.detector.features
        with open_events(name, None, sys.stdin.buffer) as file:
            check_columns(file, features)
            missing = MissingValues(features, self._configuration.schema_of_events)
            for chunk in file.chunks(Wanted(features=features)):
                refused = missing.settle(chunk.rows)
                yield from _slices(np.delete(chunk.rows, list(refused), axis=0))

    def _of_log(self, history: History, partition: int, end: int) -> Generator[Rows, None, None]:
        """What can be decoded; the rest is history and no dead letter.

        Yields nothing but an empty slice where no record came in time: the caller has more to do.
        """
        start = self._start(history, partition)
        if start >= end:
            return
        decoder = RowDecoder(self._configuration.schema_of_events)
        replay = self._log.replay(partition, start, end)
        try:
            done = False
            while not done:
                batches, done = replay.read(_READ_SECONDS)
                for batch in batches:
                    yield from _slices(decoder.decode(batch.values).rows)
                if not batches:
                    yield np.empty((0, len(self._configuration.detector.features)))
        finally:
            replay.close()

    def _start(self, history: History, partition: int) -> int:
        low, _ = self._input.bounds(partition)
        wanted = int(history.value)
        if history.kind == "time":
            return self._input.offset_at(partition, wanted)
        return max(low, wanted)


def _slices(rows: Rows) -> Generator[Rows, None, None]:
    """Few enough rows at once that whoever waits is not kept for long."""
    for start in range(0, len(rows), _SLICE):
        yield rows[start : start + _SLICE]
