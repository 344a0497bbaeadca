"""Events as lines of JSON, read with the consumer's own decoder."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from floodline.errors import ConfigurationError, InvalidEvent
from floodline.events.decoding import decode_payload, field, number
from floodline.events.files.event_file import Chunk, Wanted
from floodline.events.files.labels import truths
from floodline.events.files.source import Source, is_empty, reading

CHUNK_EVENTS = 5_000
CHUNK_BYTES = 4_000_000
LONGEST_LINE = 16_000_000
_BOM = b"\xef\xbb\xbf"


class _Line(msgspec.Struct, frozen=True):
    """One line that is not blank: its number in the file from 1, the event's from 0."""

    number: int
    row: int
    payload: dict[str, Any] | InvalidEvent


class NdjsonFile:
    """One JSON object a line; blank lines are passed over."""

    may_grow = True

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self._source = source
        self._batches = self._decoded()
        self._first = next(self._batches, [])
        if not self._first:
            raise is_empty(self.name)
        found = [line.payload for line in self._first if isinstance(line.payload, dict)]
        if not found:
            raise self._none_is_read(self._first[0])
        kinds = _kinds(found)
        self.columns = tuple(kinds)
        self.numeric = tuple(name for name, is_number in kinds.items() if is_number)

    def progress(self) -> tuple[int, int]:
        """Bytes of the file that were read, and its size."""
        return self._source.progress()

    def chunks(self, wanted: Wanted) -> Iterator[Chunk]:
        """The events in order; see `EventFile`."""
        for batch in itertools.chain([self._first], self._batches):
            yield self._chunk(batch, wanted)

    def _decoded(self) -> Iterator[list[_Line]]:
        batch: list[_Line] = []
        size = row = 0
        for line, text in enumerate(self._lines(), start=1):
            if not text.strip():
                continue
            batch.append(_Line(line, row, _payload(text)))
            row += 1
            size += len(text)
            if len(batch) == CHUNK_EVENTS or size >= CHUNK_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _lines(self) -> Iterator[bytes]:
        with reading(self.name):
            text = self._source.stream.readline(LONGEST_LINE).removeprefix(_BOM)
            while text:
                yield text
                while len(text) == LONGEST_LINE and not text.endswith(b"\n"):
                    text = self._source.stream.readline(LONGEST_LINE)  # the rest of a long line
                text = self._source.stream.readline(LONGEST_LINE)

    def _chunk(self, batch: list[_Line], wanted: Wanted) -> Chunk:
        kept: list[_Line] = []
        rows: list[list[float]] = []
        for line in batch:
            try:
                rows.append(_numbers(line.payload, wanted.features))
            except InvalidEvent as error:
                if not wanted.skip_invalid:
                    raise self._refused(line, error) from error
            else:
                kept.append(line)
        numbers = np.array([line.row for line in kept], dtype=np.int64)
        payloads = [line.payload for line in kept if isinstance(line.payload, dict)]
        labels = None
        if wanted.label is not None:
            told = [field(payload, wanted.label) for payload in payloads]
            labels = truths(self.name, wanted.label, told, numbers)
        return Chunk(
            numbers=numbers,
            rows=np.array(rows, dtype=np.float64).reshape(len(rows), len(wanted.features)),
            labels=labels,
            events=payloads if wanted.whole else None,
            invalid=len(batch) - len(kept),
        )

    def _refused(self, line: _Line, error: InvalidEvent) -> ConfigurationError:
        return ConfigurationError(
            f"{self.name}: line {line.number}: {error.detail}; correct it, or leave such lines "
            "out with --skip-invalid"
        )

    def _none_is_read(self, first: _Line) -> ConfigurationError:
        detail = first.payload.detail if isinstance(first.payload, InvalidEvent) else ""
        return ConfigurationError(
            f"{self.name}: line {first.number}: {detail}; none of the first {len(self._first):,} "
            "lines could be read; write one JSON object a line"
        )


def _payload(text: bytes) -> dict[str, Any] | InvalidEvent:
    if len(text) >= LONGEST_LINE:
        return InvalidEvent("undecodable", f"the line is longer than {LONGEST_LINE:,} bytes")
    try:
        return decode_payload(text)
    except InvalidEvent as error:
        return error


def _numbers(payload: dict[str, Any] | InvalidEvent, features: tuple[str, ...]) -> list[float]:
    if isinstance(payload, InvalidEvent):
        raise payload
    try:
        values = [payload[name] for name in features]
        if {float, int}.issuperset(map(type, values)):  # plain numbers, which the decoder bounds
            return list(map(float, values))
    except (KeyError, OverflowError):
        pass  # a field that is missing, nested or too large: each by the consumer's own rule
    return [_number(payload, name) for name in features]


def _number(payload: dict[str, Any], name: str) -> float:
    return math.nan if field(payload, name) is None else number(payload, name)


def _kinds(payloads: list[dict[str, Any]]) -> dict[str, bool]:
    """Each field that occurs (`a.b` for one of an object), and whether it is always a number."""
    kinds: dict[str, bool] = {}
    for payload in payloads:
        for name, value in _fields(payload, ""):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None:
                kinds[name] = kinds.get(name, True) and is_number
    return kinds


def _fields(payload: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in payload.items():
        if isinstance(value, dict):
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
