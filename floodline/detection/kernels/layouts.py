"""The three layouts of a forest's masses as objects over their kernels; each knows its arrays."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from floodline.detection.kernels.compiled import load
from floodline.detection.kernels.descent import Floats, Masses, count_leaves
from floodline.detection.kernels.leaf_table import advance_leaf_table, score_leaves, sum_masses
from floodline.detection.kernels.live_masses import advance_live
from floodline.detection.kernels.profile_growth import grow_profiles
from floodline.detection.kernels.progress import Progress
from floodline.detection.kernels.pruned_profile import advance_pruned, profile_capacity
from floodline.detection.tree_drawing import Trees


class Layout(Protocol):
    """Masses in one form.

    `kernel(rows, out, *arguments, mode)` does the rows as far as this layout can, and returns how
    many; `live` layouts take any event.
    """

    live: bool
    kernel: Callable[..., int]
    arguments: tuple[Any, ...]

    def leaves(self) -> tuple[Masses, Masses]:
        """The leaves' masses in the last window and in the one being counted, (trees, 2^h)."""
        ...


class LeafTable:
    """Short trees; it stops at the first row that misses a feature."""

    live = False
    kernel = staticmethod(advance_leaf_table)

    def __init__(self, trees: Trees, progress: Progress, masses: Masses) -> None:
        self.masses = masses
        cells = np.concatenate([trees.thresholds, np.zeros(masses.shape[1:])], axis=1)
        sum_masses(masses, 1)
        score_leaves(cells, masses, 0.1 * float(progress[2]))
        self.arguments = (trees.features, cells, masses, progress)
        _load(self, int(progress[4]))

    def leaves(self) -> tuple[Masses, Masses]:
        """They are what is counted."""
        half = self.masses.shape[2] // 2
        return self.masses[1, :, half:], self.masses[0, :, half:]


class LiveMasses:
    """Any trees, any events; it stops at the end of a window in which nothing was missing.

    `window_rows` is (2, window, features): learnt rows go in the first, unless the window is 0.
    """

    live = True
    kernel = staticmethod(advance_live)

    def __init__(
        self, trees: Trees, progress: Progress, masses: Masses, window_rows: Floats
    ) -> None:
        self.masses = masses
        self.window_rows = window_rows
        self.arguments = (trees.features, trees.thresholds, masses, window_rows, progress)
        sum_masses(masses, 0)
        sum_masses(masses, 1)
        _load(self, int(progress[4]))

    def leaves(self) -> tuple[Masses, Masses]:
        """They are among the masses."""
        half = self.masses.shape[2] // 2
        return self.masses[1, :, half:], self.masses[0, :, half:]


class PrunedProfile:
    """Tall trees; it stops at the first row that misses a feature.

    `window_rows` holds this window's rows and the last's, (2, window, features).

    A new one knows no end of any row, so that its first profile is grown from the root.
    """

    live = False
    kernel = staticmethod(advance_pruned)

    def __init__(self, trees: Trees, progress: Progress, window_rows: Floats) -> None:
        self.window_rows = window_rows
        self._trees, self._progress = trees, progress
        count, width = trees.features.shape
        shape = count, profile_capacity(width.bit_length() - 1)
        profile = (
            np.zeros(shape, np.uint16), np.zeros(shape), np.zeros(shape, np.uint16),
            np.zeros(shape), np.zeros(count, np.int64),
        )  # fmt: skip
        ends = np.zeros((count, int(progress[2])), np.uint16)
        if progress[1]:
            grow_profiles(window_rows[1], ends, trees.features, trees.thresholds, *profile)
        self.arguments = (
            trees.features, trees.thresholds, *profile, ends, window_rows, progress,
        )  # fmt: skip
        _load(self, int(progress[4]))

    def leaves(self) -> tuple[Masses, Masses]:
        """They are counted now, from the rows."""
        features, thresholds = self._trees.features, self._trees.thresholds
        latest = np.zeros(features.shape, np.int32)
        reference = np.zeros(features.shape, np.int32)
        count_leaves(self.window_rows[0, : self._progress[0]], features, thresholds, latest)
        if self._progress[1]:
            count_leaves(self.window_rows[1], features, thresholds, reference)
        return reference, latest


def _load(layout: Layout, columns: int) -> None:
    load(layout.kernel, np.empty((0, columns)), np.empty(0), *layout.arguments, 0)
