"""What makes a model: values that two runs can share."""

from typing import Any

import msgspec


class DefaultProfile(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="profile",
    tag="default",
):
    """Parameters of the `RememberingForest`; its documentation has the formulas.

    Attributes:
        trees: number of trees.
        height: height of each tree; a tree has `2 ** height` leaves.
        window: events between two updates of scores and scales.
        memory: events that masses and scales remember: a growing mean up to here, then
            exponential forgetting. Larger is steadier, smaller is quicker after a shift.
        widths: half-widths of the trees' boxes in standard deviations, dealt out in turn.
        winsor: deviations are cut to this many standard deviations before they move a scale.
        tail: weight of the distance from the mean, see the formula; 0 takes masses alone.
        tail_clip: deviations beyond which a distance no longer grows.
        start: events that only set the scales; the first score is that of the next one.
        warm_up: events before the model counts as warm and may alert; at least `start`.
        guard: share of usual events that is watched as the most anomalous, at most 0.1: where far
            more than that comes at once, the burst is not learnt. 0 learns all, the default.
        guard_patience: events of bursts that are held back before they are learnt after all.
        seed: fixes the trees, and so every score.
    """

    trees: int = 100
    height: int = 8
    window: int = 250
    memory: int = 10_000
    widths: tuple[float, ...] = (1.5, 4.0)
    winsor: float = 4.0
    tail: float = 0.25
    tail_clip: float = 8.0
    start: int = 16
    warm_up: int = 250
    guard: float = 0.0
    guard_patience: int = 2_000
    seed: int = 42


class RiverProfile(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="profile",
    tag="river",
):
    """Parameters of River's `HalfSpaceTrees` behind its `MinMaxScaler`.

    Attributes:
        trees: number of trees.
        height: height of each tree; a tree has `2 ** (height + 1) - 1` nodes.
        window: events after which the latest masses become the reference masses.
        seed: fixes the trees, and so every score.

    Source: Tan, Ting, Liu, "Fast anomaly detection for streaming data", IJCAI 2011.
    """

    trees: int = 10
    height: int = 8
    window: int = 250
    seed: int = 42


class NamedDetector(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="profile",
    tag="detector",
):
    """Any River anomaly detector, or a pipeline of several estimators, by name.

    Attributes:
        steps: names such as `river.preprocessing.StandardScaler`, the detector last.
        parameters: the arguments of each step, in the same order.
        warm_up: events before the model counts as warm and may alert.
    """

    steps: tuple[str, ...]
    parameters: tuple[dict[str, Any], ...] = ()
    warm_up: int = 250


ModelParameters = DefaultProfile | RiverProfile | NamedDetector
