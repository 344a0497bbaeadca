"""A forest stepped through a stream, with what each event was to it when it was scored."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection import tree_excess
from floodline.detection.detector import Rows
from floodline.detection.kernels.guard import LEFT
from floodline.detection.parameters import DefaultProfile
from floodline.detection.remembering_forest import RememberingForest

Numbers = NDArray[np.float64]
Leaves = NDArray[np.uint16]


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """Events that were scored and learnt, in order.

    Attributes:
        scores: as published, (n,).
        queue: bits above the usual with what labels add, q = z + g, (n,); NaN at the start.
        leaves: that each reached in each tree when it was scored, (n, T).
        parts: bits of these leaves then, (n, T); the plain bits are their mean and the tail.
        usual: bits of an ordinary event then, (n,); NaN at the start.
    """

    scores: Numbers
    queue: Numbers
    leaves: Leaves
    parts: Numbers
    usual: Numbers

    def excess(self, events: NDArray[np.intp]) -> Numbers:
        """What an alert tells of some events: bits above the usual of each of their leaves."""
        usual = self.usual[events, np.newaxis]
        return tree_excess.in_bits(tree_excess.in_bytes(self.parts[events], usual))


def steps(forest: RememberingForest, rows: Rows) -> Steps:
    """Score, then learn, the next events, looking at each model window before it is learnt."""
    trees = np.arange(_profile(forest).trees)
    scores, queue, usual = np.empty(len(rows)), np.empty(len(rows)), np.empty(len(rows))
    leaves = np.zeros((len(rows), trees.size), np.uint16)
    parts = np.zeros((len(rows), trees.size))
    done = 0
    while done < len(rows):
        now = slice(done, done + _same(forest))
        piece = rows[now]
        leaves[now] = forest.leaves_many(piece)
        parts[now] = forest.memory.bits[trees, leaves[now]]
        usual[now] = np.nan if forest.usual is None else forest.usual
        scores[now], queue[now] = forest.score_learn_taught(piece)
        done += len(piece)
    return Steps(scores=scores, queue=queue, leaves=leaves, parts=parts, usual=usual)


def _same(forest: RememberingForest) -> int:
    """Events until the forest changes what scores depend on."""
    to_start = _profile(forest).start - forest.events
    return to_start if to_start > 0 else int(forest.memory.numbers[LEFT])


def _profile(forest: RememberingForest) -> DefaultProfile:
    return forest.parameters


def lesson_of(table: Numbers, leaves: Leaves) -> Numbers:
    """What a table of leaf weights, (T, 2 ** height), adds to events, (n, T): (n,) bits."""
    return np.asarray(table[np.arange(table.shape[0]), leaves].sum(axis=1))
