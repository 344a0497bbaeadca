"""Pictures of a retrain, drawn without a display."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from trainer.evaluation import Case, Numbers, new_scores, published_scores, truth

_REAL, _FALSE, _NEW, _OLD = "#c2410c", "#64748b", "#1d4ed8", "#94a3b8"


def drawn(cases: Sequence[Case], threshold: float | None, target: float) -> dict[str, Figure]:
    """The pictures by file name, of labelled held-out events; none where the labels are alike."""
    chosen = [case for case in cases if case.held_out]
    real = truth(chosen)
    if real.size == 0 or real.all() or not real.any():
        return {}
    new, old = new_scores(chosen), published_scores(chosen)
    return {
        "curves/precision_recall.png": _precision_recall(real, new, old),
        "curves/roc.png": _roc(real, new, old),
        "curves/scores_by_label.png": _scores(real, new, threshold),
        "curves/threshold_sweep.png": _sweep(real, new, threshold, target),
    }


def _sheet(title: str, x: str, y: str, labels: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7, 4.5), dpi=130, layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{title}\n{labels} labelled held-out events", fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _precision_recall(real: NDArray[np.bool_], new: Numbers, old: Numbers) -> Figure:
    figure, axes = _sheet("Precision and recall", "Recall", "Precision", real.size)
    for scores, colour, name in ((old, _OLD, "in force, as published"), (new, _NEW, "retrained")):
        precision, recall, _ = precision_recall_curve(real, scores)
        axes.step(recall, precision, where="post", color=colour, label=name, linewidth=1.8)
    axes.axhline(real.mean(), color=_FALSE, linestyle=":", linewidth=1, label="by chance")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.03)
    _legend(axes)
    return figure


def _roc(real: NDArray[np.bool_], new: Numbers, old: Numbers) -> Figure:
    figure, axes = _sheet("ROC", "False positive rate", "True positive rate", real.size)
    for scores, colour, name in ((old, _OLD, "in force, as published"), (new, _NEW, "retrained")):
        wrong, right, _ = roc_curve(real, scores)
        axes.plot(wrong, right, color=colour, label=name, linewidth=1.8)
    axes.plot([0, 1], [0, 1], color=_FALSE, linestyle=":", linewidth=1, label="by chance")
    axes.set_xlim(-0.01, 1)
    axes.set_ylim(0, 1.03)
    _legend(axes)
    return figure


def _scores(real: NDArray[np.bool_], new: Numbers, threshold: float | None) -> Figure:
    figure, axes = _sheet("Scores of the retrained model by label", "Score", "Events", real.size)
    edges = np.linspace(float(new.min()), max(float(new.max()), float(new.min()) + 1e-6), 41)
    axes.hist(
        [new[~real], new[real]],
        bins=edges.tolist(),
        stacked=True,
        color=[_FALSE, _REAL],
        label=["false alarm", "real"],
    )
    _mark(axes, threshold)
    _legend(axes)
    return figure


def _sweep(real: NDArray[np.bool_], new: Numbers, threshold: float | None, target: float) -> Figure:
    figure, axes = _sheet(
        "What each threshold would give", "Threshold", "Share of labelled events", real.size
    )
    precision, recall, thresholds = precision_recall_curve(real, new)
    axes.plot(thresholds, precision[:-1], color=_NEW, label="precision", linewidth=1.8)
    axes.plot(thresholds, recall[:-1], color=_REAL, label="recall", linewidth=1.8)
    axes.axhline(target, color=_NEW, linestyle=":", linewidth=1, label="target precision")
    _mark(axes, threshold)
    axes.set_ylim(0, 1.03)
    _legend(axes)
    return figure


def _mark(axes: Axes, threshold: float | None) -> None:
    if threshold is not None:
        axes.axvline(threshold, color="black", linestyle="--", linewidth=1, label="threshold")


def _legend(axes: Axes) -> None:
    axes.legend(loc="best", fontsize=9, framealpha=0.85, edgecolor="none")
