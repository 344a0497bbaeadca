"""A simulation as a picture, drawn without a display."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from floodline.feedback.decision import INTERVAL
from floodline.simulation.outcome import Claim, Outcome, Promise

_COLOURS = ("#64748b", "#1d4ed8", "#c2410c", "#0f766e", "#7c3aed")
_TRUE, _TARGET = "#c2410c", "#64748b"
_BAND = 0.18

Numbers = NDArray[np.float64]


def drawn(name: str, outcomes: Mapping[str, Sequence[Outcome]]) -> Figure:
    """What reviews found; then a row for each method with a threshold: its path, and its claims."""
    ruled = [method for method, found in outcomes.items() if found[0].promise is not None]
    figure = Figure(figsize=(11, 3.6 * (1 + len(ruled))), dpi=130, layout="constrained")
    figure.suptitle(name, fontsize=12)
    rows = figure.subfigures(1 + len(ruled), 1, squeeze=False)[:, 0]
    upper = rows[0].subplots(1, 2)
    _found(upper[0], outcomes)
    _thresholds(upper[1], {method: outcomes[method] for method in ruled})
    for row, method in zip(rows[1:], ruled, strict=True):
        first = outcomes[method][0]
        if first.promise is None:
            continue
        precision, recall = row.subplots(1, 2)
        title = f"{method}, seed {first.seed}: {{}} of the threshold in force"
        path = first.promise.path
        _claims(precision, [each.precision for each in path], title.format("precision"))
        _target(precision, first.promise)
        _claims(recall, [each.recall for each in path], title.format("recall"))
        for axes in (precision, recall):
            axes.legend(frameon=False, fontsize=8)
    return figure


def _sheet(axes: Axes, title: str, y: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("Review windows")
    axes.set_ylabel(y)
    axes.grid(visible=True, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _found(axes: Axes, outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    _sheet(axes, "Real anomalies found by reviews", "Found so far")
    for colour, (method, runs) in zip(_COLOURS, outcomes.items(), strict=False):
        counts = np.array([np.cumsum(each.found_by_window) for each in runs])
        windows = 1 + np.arange(counts.shape[1])
        axes.plot(windows, counts.mean(axis=0), color=colour, label=method, linewidth=1.8)
        axes.fill_between(
            windows, counts.min(axis=0), counts.max(axis=0), color=colour, alpha=_BAND, linewidth=0
        )
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8, title="mean and range of the seeds", title_fontsize=8)


def _thresholds(axes: Axes, ruled: Mapping[str, Sequence[Outcome]]) -> None:
    _sheet(axes, "Threshold after each window, by seed", "Score")
    for method, runs in ruled.items():
        for place, each in enumerate(runs):
            if each.promise is None:
                continue
            heights = [np.nan if m.threshold is None else m.threshold for m in each.promise.path]
            axes.step(
                1 + np.arange(len(heights)),
                heights,
                where="post",
                color=_COLOURS[1 + place % (len(_COLOURS) - 1)],
                alpha=1.0 if place == 0 else 0.45,
                linewidth=1.8 if place == 0 else 1.0,
                label=f"{method}, seed {each.seed}" if place == 0 else None,
            )
    axes.legend(frameon=False, fontsize=8)


def _claims(axes: Axes, claims: Sequence[Claim], title: str) -> None:
    _sheet(axes, title, "Share")
    windows = 1 + np.arange(len(claims))
    value, lower, upper, truth = (
        _line([getattr(each, part) for each in claims])
        for part in ("value", "lower", "upper", "truth")
    )
    axes.fill_between(
        windows,
        lower,
        upper,
        color=_COLOURS[1],
        alpha=_BAND,
        linewidth=0,
        label=f"{INTERVAL:.0%} interval",
    )
    axes.plot(windows, value, color=_COLOURS[1], linewidth=1.8, label="estimated from labels")
    axes.plot(windows, truth, color=_TRUE, linewidth=1.8, label="true, so far")
    axes.set_ylim(-0.02, 1.02)


def _target(axes: Axes, promise: Promise) -> None:
    axes.axhline(promise.target, color=_TARGET, linestyle=":", linewidth=1.2, label="target")


def _line(values: Sequence[float | None]) -> Numbers:
    return np.array([np.nan if value is None else value for value in values])
