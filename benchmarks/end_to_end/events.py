"""The measured events: flat JSON, an id, a time and ten numbers of 6 digits; 177 bytes each."""

from collections.abc import Iterator

from benchmarks.decode import FEATURES
from benchmarks.kernel import stream

SEED = 42
BYTES = 177
_CHUNK = 10_000
_EVENT = (
    '{"id":"e%08d","ts":%d,'
    + ",".join(f'"{name}":%.6f' for name in FEATURES)
    + "}"
)  # fmt: skip
_FIRST_TIME = 1_700_000_000_000


def chunks(count: int, seed: int = SEED) -> Iterator[list[bytes]]:
    """`count` events of a reflected random walk with 1 % of anomalies, up to 10,000 at a time."""
    rows = stream(seed, count)
    for start in range(0, count, _CHUNK):
        numbered = enumerate(rows[start : start + _CHUNK].tolist(), start)
        yield [(_EVENT % (at, _FIRST_TIME + at, *row)).encode() for at, row in numbered]
