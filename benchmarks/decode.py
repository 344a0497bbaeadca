"""A batch of JSON events to a matrix: the compiled pass against msgspec, and orjson beside them."""

import operator
import random
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, NamedTuple

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from floodline.events.decoding import Schema
from floodline.events.row_decoder import RowDecoder

FEATURES = tuple(f"x{column}" for column in range(10))
EVENTS = 50_000
BATCH = 1_000
SEED = 42

Batches = list[list[bytes]]


class Numbers(NamedTuple):
    """How an event's ten numbers are written, and the figures' ending."""

    ending: str
    written: Callable[[float], str]


KINDS = (Numbers("", "{:.6f}".format), Numbers("_17_digits", "{:.17g}".format))


def measure(rounds: int = 7, seed: int = SEED) -> dict[str, Any]:
    """Events decoded per second of CPU time, in batches of 1,000: medians over the rounds.

    An event is one flat object: an id, a time and ten numbers, of 6 digits (177 bytes), or of 17
    in the figures `..._17_digits`. `orjson` is `orjson.loads` alone, which makes a dict;
    `msgspec` a typed decoder, whose objects' fields become a matrix (the fastest way with msgspec);
    `matrix` is floodline's decoder. `ratio` is the median of each round's matrix over msgspec,
    `bit_equal` whether both matrices were the same.
    """
    figures: dict[str, Any] = {"rounds": rounds, "seed": seed}
    equal = True
    for kind in KINDS:
        found = _compare(events(kind, seed), rounds)
        equal = equal and found.pop("equal")
        figures |= {f"{name}{kind.ending}": value for name, value in found.items()}
    figures["bit_equal"] = equal
    return figures


def events(kind: Numbers, seed: int) -> Batches:
    """The measured events in batches."""
    draw = random.Random(seed)  # noqa: S311
    made = []
    for number in range(EVENTS):
        fields = (f'"{name}":{kind.written(draw.random())}' for name in FEATURES)
        head = f'{{"id":"e{number:08d}","ts":{1_700_000_000_000 + number}'
        made.append(f"{head},{','.join(fields)}}}".encode())
    return [made[at : at + BATCH] for at in range(0, EVENTS, BATCH)]


def _compare(batches: Batches, rounds: int) -> dict[str, Any]:
    decoder = RowDecoder(Schema(features=FEATURES))
    typed = typed_matrix()
    equal = all(
        np.array_equal(decoder.decode(batch).rows.view(np.uint64), typed(batch).view(np.uint64))
        for batch in batches
    )
    ways: dict[str, Callable[[list[bytes]], Any]] = {
        "orjson": lambda batch: [orjson.loads(value) for value in batch],
        "msgspec": typed,
        "matrix": decoder.decode,
    }
    rates = [{name: _rate(way, batches) for name, way in ways.items()} for _ in range(rounds)]
    return {
        "bytes": median(len(value) for batch in batches for value in batch),
        **{name: median(rate[name] for rate in rates) for name in ways},
        "ratio": median(rate["matrix"] / rate["msgspec"] for rate in rates),
        "equal": equal,
    }


def typed_matrix() -> Callable[[Sequence[bytes]], NDArray[np.float64]]:
    """Typed objects without garbage collection, their fields as tuples, one array of all."""
    fields = [("id", str), ("ts", int), *((name, float) for name in FEATURES)]
    decode = msgspec.json.Decoder(msgspec.defstruct("Reading", fields, gc=False)).decode
    row = operator.attrgetter(*FEATURES)
    return lambda batch: np.array([row(decode(value)) for value in batch])


def _rate(decode: Callable[[list[bytes]], Any], batches: Batches) -> float:
    """Events per second of process CPU time."""
    started = time.process_time()
    for batch in batches:
        decode(batch)
    return EVENTS / (time.process_time() - started)
