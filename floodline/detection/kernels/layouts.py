"""The three layouts of a forest's masses as objects over their kernels; each knows its arrays."""

from typing import Protocol

import numpy as np

from floodline.detection.kernels.descent import Floats, Masses, count_leaves
from floodline.detection.kernels.leaf_table import advance_leaf_table, score_leaves, sum_masses
from floodline.detection.kernels.live_masses import advance_live
from floodline.detection.kernels.profile_growth import grow_profiles
from floodline.detection.kernels.progress import Progress
from floodline.detection.kernels.pruned_profile import advance_pruned, profile_capacity
from floodline.detection.tree_drawing import Trees


class Layout(Protocol):
    """Masses in one form."""

    def advance(self, rows: Floats, out: Floats, start: int, mode: int) -> int:
        """Do rows from `start` on, as far as this layout can; the next row is returned."""
        ...

    def leaves(self) -> tuple[Masses, Masses]:
        """The leaves' masses in the last window and in the one being counted, (trees, 2^h)."""
        ...


class LeafTable:
    """Short trees without missing features."""

    def __init__(self, trees: Trees, progress: Progress, masses: Masses) -> None:
        self.masses = masses
        self._features, self._progress = trees.features, progress
        self.cells = np.concatenate([trees.thresholds, np.zeros_like(trees.thresholds)], axis=1)
        self.refresh()

    def refresh(self) -> None:
        """Work the leaves' scores out anew from the last window's masses."""
        for mass in self.masses[1]:
            sum_masses(mass)
        score_leaves(self.cells, self.masses[1], 0.1 * float(self._progress[2]))

    def advance(self, rows: Floats, out: Floats, start: int, mode: int) -> int:
        """Up to the first row that misses a feature."""
        return advance_leaf_table(
            rows, out, self._features, self.cells, self.masses, self._progress, start, mode
        )

    def leaves(self) -> tuple[Masses, Masses]:
        """They are what is counted."""
        half = self.masses.shape[2] // 2
        return self.masses[1, :, half:], self.masses[0, :, half:]


class LiveMasses:
    """Any trees, any events: all masses at all times.

    `window_rows` is (2, window, features): learnt rows go in the first, unless the window is 0.
    """

    def __init__(
        self, trees: Trees, progress: Progress, masses: Masses, window_rows: Floats
    ) -> None:
        self.masses = masses
        self.window_rows = window_rows
        self._trees, self._progress = trees, progress
        for window in masses:
            for mass in window:
                sum_masses(mass)

    def advance(self, rows: Floats, out: Floats, start: int, mode: int) -> int:
        """Up to the end of a window in which no feature was missing."""
        return advance_live(
            rows, out, self._trees.features, self._trees.thresholds, self.masses,
            self.window_rows[0], self._progress, start, mode,
        )  # fmt: skip

    def leaves(self) -> tuple[Masses, Masses]:
        """They are among the masses."""
        half = self.masses.shape[2] // 2
        return self.masses[1, :, half:], self.masses[0, :, half:]


class PrunedProfile:
    """Tall trees without missing features; `window_rows` holds this window's rows and the last's.

    A new one knows no end of any row, so that its first profile is grown from the root.
    """

    def __init__(self, trees: Trees, progress: Progress, window_rows: Floats) -> None:
        self.window_rows = window_rows
        self._trees, self._progress = trees, progress
        count, width = trees.features.shape
        shape = count, profile_capacity(width.bit_length() - 1)
        self._profile = (
            np.zeros(shape, np.uint16), np.zeros(shape), np.zeros(shape, np.uint16),
            np.zeros(shape), np.zeros(count, np.int64),
        )  # fmt: skip
        self._ends = np.zeros((count, int(progress[2])), np.uint16)
        if progress[1]:
            grow_profiles(
                window_rows[1], self._ends, trees.features, trees.thresholds, *self._profile
            )

    def advance(self, rows: Floats, out: Floats, start: int, mode: int) -> int:
        """Up to the first row that misses a feature."""
        return advance_pruned(
            rows, out, self._trees.features, self._trees.thresholds, *self._profile, self._ends,
            self.window_rows, self._progress, start, mode,
        )  # fmt: skip

    def leaves(self) -> tuple[Masses, Masses]:
        """They are counted now, from the rows."""
        features, thresholds = self._trees.features, self._trees.thresholds
        latest = np.zeros(features.shape, np.int32)
        reference = np.zeros(features.shape, np.int32)
        count_leaves(self.window_rows[0, : self._progress[0]], features, thresholds, latest)
        if self._progress[1]:
            count_leaves(self.window_rows[1], features, thresholds, reference)
        return reference, latest
