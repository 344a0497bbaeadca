"""Every kernel of the consumer compiled or loaded before the first record."""

from collections.abc import Callable

from floodline.detection import preparation as detectors
from floodline.events.decoding import Schema
from floodline.events.row_decoder import RowDecoder


def prepare(clock: Callable[[], float]) -> float:
    """Run the detectors' kernels and the decoder's once; the seconds it took are returned.

    The first time they are compiled and kept on disk; see `floodline.detection.preparation`.
    """
    started = clock()
    RowDecoder(Schema(features=("x",))).decode([b'{"x":1.5}'])
    detectors.prepare(clock)
    return clock() - started
