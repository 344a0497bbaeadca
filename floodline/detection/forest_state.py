"""A forest's contents as bytes: versioned msgpack, checked before anything is built from it."""

import math
import random
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.forest_contents import (
    ForestContents,
    check_names,
    check_sizes,
    check_window,
    draw_over,
)
from floodline.detection.state_data import decoded_as
from floodline.detection.tree_drawing import WIDEST, Trees
from floodline.errors import StateRefused

FORMAT = "half-space-trees"
VERSION = 1

Name = str | int
Masses = NDArray[np.int32]


class _Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Leaves' masses, all (no `places`) or those that are not 0, in `size` bytes each."""

    size: Literal[1, 2, 4]
    counts: bytes
    places: bytes | None


class _State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    version: int
    n_trees: int
    height: int
    window_size: int
    limits: list[tuple[Name, float, float]]
    seed: int | bytes | None
    drawing_seed: int | bytes | None
    feature_names: list[Name] | None
    features: list[Name]
    counter: int
    windows: int
    tree_features: bytes | None
    tree_thresholds: bytes | None
    reference: _Counts | None
    latest: _Counts | None


def pack(contents: ForestContents) -> bytes:
    """The contents as bytes; trees only if they cannot be drawn again.

    Raises:
        ValueError: a feature's name or the seed is neither a string nor a whole number, or the
            forest is still to be drawn from a generator that has no seed.
    """
    trees = contents.trees if contents.drawing_seed is None else None
    if contents.drawing_seed is None and trees is None:
        raise ValueError("a forest of River's without a seed has a state once it has learnt")
    try:
        return msgspec.msgpack.encode(
            msgspec.convert(
                {
                    "format": FORMAT,
                    "version": VERSION,
                    "n_trees": contents.n_trees,
                    "height": contents.height,
                    "window_size": contents.window_size,
                    "limits": [(name, *map(float, ends)) for name, ends in contents.limits.items()],
                    "seed": _folded_seed(contents.seed),
                    "drawing_seed": _folded_seed(contents.drawing_seed),
                    "feature_names": contents.feature_names,
                    "features": contents.features,
                    "counter": contents.counter,
                    "windows": contents.windows,
                    "tree_features": trees and trees.features.astype("<u2").tobytes(),
                    "tree_thresholds": trees and trees.thresholds.astype("<f8").tobytes(),
                    "reference": _fold(contents.reference),
                    "latest": _fold(contents.latest),
                },
                _State,
            )
        )
    except (msgspec.ValidationError, OverflowError) as error:
        raise ValueError(f"this forest cannot be kept as data: {error}") from error


def unpack(data: bytes) -> ForestContents:
    """The contents that were packed.

    Raises:
        StateRefused: the bytes are none that `pack` can have written, or of another version.
    """
    state = decoded_as(data, _State, "forest state", FORMAT, VERSION)
    try:
        return _contents(state)
    except (ValueError, TypeError, OverflowError) as error:
        raise StateRefused(f"no forest can have written this state: {error}") from error


def _contents(state: _State) -> ForestContents:
    check_sizes(state.n_trees, state.height, state.window_size)
    limits = {name: (low, high) for name, low, high in state.limits}
    reference = latest = trees = None
    if state.features:
        _require(len(state.features) <= WIDEST, "too many features")
        check_names(state.features)
        check_window(state.height, state.window_size, len(state.features))
        _require(0 <= state.counter < state.window_size, "a counter outside its window")
        _require(0 <= state.windows < 2**62, "a wrong number of windows")
        seen = state.window_size if state.windows else 0
        shape = state.n_trees, 2**state.height
        reference = _unfold(state.reference, shape, seen)
        latest = _unfold(state.latest, shape, state.counter)
        trees = _trees(state, shape, limits)
    else:
        _require(state.drawing_seed is not None, "neither trees nor a seed")
        _require(state.counter == state.windows == 0, "events learnt without features")
        check_names(state.feature_names or ())
    return ForestContents(
        n_trees=state.n_trees, height=state.height, window_size=state.window_size, limits=limits,
        seed=_seed(state.seed), drawing_seed=_seed(state.drawing_seed),
        feature_names=state.feature_names, features=state.features,
        trees=trees, reference=reference, latest=latest,
        counter=state.counter, windows=state.windows,
    )  # fmt: skip


def _trees(
    state: _State, shape: tuple[int, int], limits: Mapping[Any, tuple[float, float]]
) -> Trees:
    if state.drawing_seed is not None:
        rng = random.Random(_seed(state.drawing_seed))  # noqa: S311  # River's generator
        return draw_over(state.features, limits, rng, state.n_trees, state.height)
    features = np.frombuffer(state.tree_features or b"", "<u2").reshape(shape).astype(np.uint16)
    _require(bool(features.max() < len(state.features)), "a tree asks for an unknown feature")
    thresholds = np.frombuffer(state.tree_thresholds or b"", "<f8").reshape(shape)
    return Trees(features, thresholds.astype(np.float64))


def _folded_seed(seed: Any) -> Any:
    """A seed beyond 64 bits as bytes, little-endian in two's complement; others as they are."""
    if type(seed) is not int or -(2**63) <= seed < 2**64:
        return seed
    return seed.to_bytes(seed.bit_length() // 8 + 1, "little", signed=True)


def _seed(folded: int | bytes | None) -> int | None:
    if not isinstance(folded, bytes):
        return folded
    seed = int.from_bytes(folded, "little", signed=True)
    _require(_folded_seed(seed) == folded, "a seed that is kept in another way")
    return seed


def _fold(masses: Masses | None) -> _Counts | None:
    if masses is None:
        return None
    flat = masses.reshape(-1)
    size: Literal[1, 2, 4] = 1 if flat.max() < 2**8 else 2 if flat.max() < 2**16 else 4
    (places,) = np.nonzero(flat)
    if len(places) * (4 + size) >= flat.shape[0] * size:
        return _Counts(size, flat.astype(f"<u{size}").tobytes(), None)
    return _Counts(size, flat[places].astype(f"<u{size}").tobytes(), places.astype("<u4").tobytes())


def _unfold(counts: _Counts | None, shape: tuple[int, int], events: int) -> Masses:
    """The masses, of which each tree has as many as there were events."""
    if counts is None:
        raise ValueError("a window's masses are missing")
    values = np.frombuffer(counts.counts, f"<u{counts.size}")
    _require(events == 0 or len(values) >= shape[0], "a tree without events")
    masses = np.zeros(math.prod(shape), np.int64)
    if counts.places is None:
        masses[:] = values
    else:
        places = np.frombuffer(counts.places, "<u4").astype(np.int64)
        ordered = bool((np.diff(places) > 0).all()) and len(places) == len(values)
        _require(ordered and bool((places < len(masses)).all()), "leaves out of place")
        masses[places] = values
    table = masses.reshape(shape)
    _require(bool((table.sum(axis=1) == events).all()), "masses that do not fit the events")
    return table.astype(np.int32)


def _require(fits: bool, fault: str) -> None:
    if not fits:
        raise ValueError(fault)
