"""A forest's masses in whichever layout is fastest and still right for the events that come."""

import copy
from typing import Self

import numpy as np

from floodline.detection.kernels.descent import Floats, Masses
from floodline.detection.kernels.layouts import Layout, LeafTable, LiveMasses, PrunedProfile
from floodline.detection.kernels.live_masses import Leaves, find_leaves
from floodline.detection.kernels.progress import (
    BROKEN,
    MISFIT,
    SCORE,
    SETTLED,
    WHOLE,
    new_progress,
)
from floodline.detection.tree_drawing import Trees

SHORT = 10
"""Trees up to this height may have a leaf table."""


class ForestMasses:
    """Masses of the last window and of the one being counted; scores and learns rows in order.

    The first learnt row that misses a feature (NaN) moves it to live masses, and a whole window
    without one moves it back. No score depends on the layout.
    """

    def __init__(self, trees: Trees, window: int, columns: int) -> None:
        self._trees, self.columns = trees, columns
        self.progress = new_progress(window, columns)
        width = trees.features.shape[1]
        self._short = width <= 2**SHORT and width <= 8 * window
        empty = np.zeros(trees.features.shape, np.int32)
        self._layout: Layout = (
            LeafTable(trees, self.progress, self._masses(empty, empty))
            if self._short
            else PrunedProfile(trees, self.progress, self._rows())
        )

    def advance(self, rows: Floats, out: Floats, mode: int) -> bool:
        """Score (into `out`) and learn each row, as `mode` says; False if the arrays do not fit.

        `rows` are C-contiguous, writable float64, (events, columns), with NaN where a feature is
        missing, and `out` is (events,). Others do not fit, and with them nothing is done.
        """
        layout = self._layout
        try:
            done = layout.kernel(rows, out, *layout.arguments, mode)
        except TypeError:  # a loaded kernel takes arrays of one type only
            return False
        count = len(out)
        if done == count and not layout.live:  # nearly always: a call with few rows stays short
            return True
        if done == MISFIT:
            return False
        if mode == SCORE and isinstance(layout, LeafTable):
            # Scoring changes nothing: neither does it make the rows to come slow.
            live = self._live(layout)
            live.kernel(rows[done:], out[done:], *live.arguments, mode)
            return True
        while self._exchange(done, count) and done < count:
            kernel, arguments = self._layout.kernel, self._layout.arguments
            done += kernel(rows[done:], out[done:], *arguments, mode)
        return True

    def leaves(self) -> tuple[Masses, Masses]:
        """The leaves' masses of the last window and of this one, (trees, 2^h) each."""
        return self._layout.leaves()

    def leaves_of(self, row: Floats) -> Leaves:
        """The leaf that an event, (columns,), falls in, tree by tree, (trees,). Changes nothing."""
        layout = self._layout if isinstance(self._layout, LiveMasses) else self._live(self._layout)
        leaves = np.empty(len(self._trees.features), np.uint32)
        find_leaves(row, self._trees.features, self._trees.thresholds, layout.masses[0], leaves)
        return leaves

    def at(self, reference: Masses, latest: Masses, counter: int, windows: int) -> Self:
        """Masses of their own over the same trees, that go on from these leaves' masses."""
        other = copy.copy(self)
        other.progress = new_progress(int(self.progress[2]), self.columns)
        other.restore(reference, latest, counter, windows)
        return other

    def restore(self, reference: Masses, latest: Masses, counter: int, windows: int) -> None:
        """Go on from these leaves' masses, `counter` events into the window after `windows`."""
        self.progress[:2] = counter, windows
        self.progress[3] = BROKEN if counter else WHOLE
        masses = self._masses(reference, latest)
        self._layout = (
            LeafTable(self._trees, self.progress, masses)
            if self._short
            else LiveMasses(self._trees, self.progress, masses, self._rows())
        )

    def _exchange(self, done: int, count: int) -> bool:
        """Change the layout where the present one cannot go on; True if it was changed."""
        layout = self._layout
        if isinstance(layout, LiveMasses):
            if self.progress[3] != SETTLED:
                return False
            self._layout = self._fast(layout)
        elif done == count:
            return False
        else:
            self._layout = self._live(layout)
            self.progress[3] = BROKEN
        return True

    def _live(self, fast: Layout) -> LiveMasses:
        if isinstance(fast, LeafTable):
            return LiveMasses(self._trees, self.progress, fast.masses, self._rows(0))
        masses = self._masses(*fast.leaves())
        rows = fast.window_rows if isinstance(fast, PrunedProfile) else self._rows()
        return LiveMasses(self._trees, self.progress, masses, rows)

    def _fast(self, live: LiveMasses) -> Layout:
        if self._short:
            return LeafTable(self._trees, self.progress, live.masses)
        live.window_rows[1] = live.window_rows[0]
        return PrunedProfile(self._trees, self.progress, live.window_rows)

    def _masses(self, reference: Masses, latest: Masses) -> Masses:
        """All masses of both windows, with only the leaves' filled in."""
        trees, width = self._trees.features.shape
        masses = np.zeros((2, trees, 2 * width), np.int32)
        masses[0, :, width:], masses[1, :, width:] = latest, reference
        return masses

    def _rows(self, window: int | None = None) -> Floats:
        """Room for the rows of two windows."""
        size = int(self.progress[2]) if window is None else window
        return np.zeros((2, size, self.columns))
