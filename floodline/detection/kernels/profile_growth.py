"""A window's end for tall trees: each tree's next profile, grown out of the last one.

Each event's end in the last profile is known from its walk, so that the masses of all nodes in that
profile follow from counting. Only where such an end now holds a tenth of the window are its events
parted further down the tree; where an inner node holds less, its branch is cut.
"""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled
from floodline.detection.kernels.descent import Features, Floats

Places = NDArray[np.uint16]
Order = NDArray[np.uint16] | NDArray[np.uint32]
_NOWHERE = -1  # a node that the last profile did not have


@compiled
def grow_profiles(
    rows: Floats, ends: NDArray[np.uint16], features: Features, thresholds: Floats,
    profile_features: Features, profile_thresholds: Floats, kids: Places, sums: Floats,
    depths: NDArray[np.int64],
) -> None:  # fmt: skip
    """Each tree's profile of a whole window's `rows`, none of which misses a feature.

    `ends` is (trees, window): where each row's walk down the last profile ended.
    """
    trees, capacity = kids.shape
    count = rows.shape[0]
    order, spare = np.empty(count, np.uint32), np.empty(count, np.uint32)
    old_kids, begins = np.empty(capacity, np.int64), np.empty(capacity + 1, np.int64)
    masses, nodes = np.empty(capacity, np.int64), np.empty((capacity, 4), np.int64)
    for tree in range(trees):
        used = _remember(profile_thresholds[tree], kids[tree], depths[tree], old_kids)
        _group(ends[tree], used, masses, begins, order)
        for place in range(used - 1, -1, -1):
            kid = old_kids[place]
            if kid > 0:
                masses[place] = masses[kid] + masses[kid + 1]
        _grow(
            rows, order, spare, old_kids, begins, masses, nodes, features[tree], thresholds[tree],
            profile_features[tree], profile_thresholds[tree], kids[tree], sums[tree],
        )  # fmt: skip
        depths[tree] = _depth(kids[tree], profile_thresholds[tree], nodes)


@compiled
def _remember(limits: Floats, kids: Places, depth: int, old_kids: NDArray[np.int64]) -> int:
    """Note the last profile's left children, 0 at an end; how many places it had is returned."""
    if depth == 0:
        old_kids[0] = 0
        return 1
    used, place = 1, 0
    while place < used:
        old_kids[place] = 0
        if limits[place] == limits[place]:  # NaN marks an end
            old_kids[place] = kids[place]
            used = kids[place] + 2
        place += 1
    return used


@compiled
def _group(
    ends: NDArray[np.uint16], used: int, masses: NDArray[np.int64], begins: NDArray[np.int64],
    order: NDArray[np.uint32],
) -> None:  # fmt: skip
    """Count the events of each end and list them end by end: end p's are begins[p] and on."""
    masses[:used] = 0
    for end in ends:
        masses[np.uint64(end)] += 1
    total = 0
    for place in range(used):
        begins[place] = total
        total += masses[place]
    for row in range(ends.shape[0]):
        end = np.uint64(ends[row])
        order[begins[end]] = row
        begins[end] += 1
    for place in range(used):
        begins[place] -= masses[place]


@compiled
def _grow(
    rows: Floats, order: NDArray[np.uint32], spare: NDArray[np.uint32],
    old_kids: NDArray[np.int64], begins: NDArray[np.int64], masses: NDArray[np.int64],
    nodes: NDArray[np.int64], features: Features, thresholds: Floats,
    profile_features: Features, limits: Floats, kids: Places, sums: Floats,
) -> None:  # fmt: skip
    """Write one tree's profile, level by level from the root.

    `nodes` holds for each place its node, its place in the last profile, and, where it had none,
    where its events begin and end in `order`.
    """
    count, width = rows.shape[0], features.shape[0]
    nodes[0] = 1, 0, 0, count
    sums[0] = count
    used, place, first, power = 1, 0, 1, 2.0
    while place < used:
        node, old, begin, end = nodes[place]
        if node >= 2 * first:
            first, power = 2 * first, 2.0 * power
        mass = end - begin if old == _NOWHERE else masses[old]
        if node >= width or mass < 0.1 * count:
            profile_features[place], limits[place], kids[place] = 0, np.nan, place - 1
            place += 1
            continue
        feature, threshold = features[node], thresholds[node]
        profile_features[place], limits[place], kids[place] = feature, threshold, used
        if old != _NOWHERE and old_kids[old] > 0:
            kid = old_kids[old]
            nodes[used] = 2 * node, kid, 0, 0
            nodes[used + 1] = 2 * node + 1, kid + 1, 0, 0
            left, right = masses[kid], masses[kid + 1]
        else:
            if old != _NOWHERE:
                begin, end = begins[old], begins[old] + mass
            middle = _part(rows, order, spare, begin, end, feature, threshold)
            nodes[used] = 2 * node, _NOWHERE, begin, middle
            nodes[used + 1] = 2 * node + 1, _NOWHERE, middle, end
            left, right = middle - begin, end - middle
        sums[used] = sums[place] + left * power
        sums[used + 1] = sums[place] + right * power
        used += 2
        place += 1


@compiled
def _part(
    rows: Floats, order: NDArray[np.uint32], spare: NDArray[np.uint32], begin: int, end: int,
    feature: int, threshold: float,
) -> int:  # fmt: skip
    """Sort a node's events into those on the left, then those on the right, without a branch."""
    values, columns = rows.reshape(-1), np.uint64(rows.shape[1])
    left, right, column = np.uint64(begin), np.uint64(0), np.uint64(feature)
    for place in range(np.uint64(begin), np.uint64(end)):
        event = order[place]
        above = np.uint64(not (values[np.uint64(event) * columns + column] < threshold))
        order[left] = event
        spare[right] = event
        left += np.uint64(1) - above
        right += above
    for place in range(np.uint64(0), right):
        order[left + place] = spare[place]
    return np.int64(left)  # type: ignore[return-value]


@compiled
def _depth(kids: Places, limits: Floats, nodes: NDArray[np.int64]) -> int:
    """How many steps the profile's longest walk takes: the level of its last place."""
    place = 0
    last = 0
    while place <= last:
        if limits[place] == limits[place]:
            last = kids[place] + 1
        place += 1
    node, depth = nodes[last, 0], 0
    while node > 1:
        node, depth = node >> 1, depth + 1
    return depth
