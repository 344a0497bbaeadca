"""The figures of the feedback benchmark as a picture, drawn without a display."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.feedback.figures import GROUPS

_COLOURS = {
    "none": "#64748b",
    "threshold_only": "#7c3aed",
    "feedback": "#1d4ed8",
    "aad": "#c2410c",
    "mirror_descent": "#0f766e",
}


def drawn_groups(figures: dict[str, Any]) -> Figure:
    """A row for each group: found window by window, and each variant's total against none's."""
    groups = [name for name in GROUPS if name in figures]
    figure = Figure(figsize=(11, 3.8 * len(groups)), dpi=130, layout="constrained")
    for row, group in zip(
        figure.subfigures(len(groups), 1, squeeze=False)[:, 0], groups, strict=True
    ):
        seeds = "1 seed" if figures["seeds"] == 1 else f"{figures['seeds']} seeds"
        row.suptitle(f"{group.replace('_', ' ')}, {seeds}", fontsize=12)
        left, right = row.subplots(1, 2)
        there = {name: found for name, found in figures[group].items() if found["streams"]}
        there.pop("often", None)
        for first, found in list(there.items())[:1]:
            title = f"{first}: real anomalies found so far, sum over streams"
            _found(left, title, found, figures["methods"])
        _ratios(right, there, figures["methods"])
    return figure


def _sheet(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _found(axes: Axes, title: str, figures: dict[str, Any], methods: list[str]) -> None:
    _sheet(axes, title, "Share of the stream, %", "Found")
    for name in methods:
        shares = np.linspace(0.0, 100.0, 41)
        total = np.zeros(41)
        for row in figures["by_stream"].values():
            so_far = np.concatenate([[0.0], np.cumsum(row[name]["found_by_window"])])
            total += np.interp(shares, np.linspace(0.0, 100.0, so_far.size), so_far)
        axes.plot(shares, total, color=_COLOURS.get(name), label=name, linewidth=1.8)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)


def _ratios(axes: Axes, figures: dict[str, Any], methods: list[str]) -> None:
    _sheet(axes, "Found in all, over the plain forest's", "", "Ratio")
    others = [name for name in methods if name != "none"]
    width, places = 0.8 / max(len(others), 1), np.arange(len(figures))
    for number, name in enumerate(others):
        heights = [found[name]["found_ratio"] or np.nan for found in figures.values()]
        at = places + (number - (len(others) - 1) / 2) * width
        axes.bar(at, heights, width, color=_COLOURS.get(name), label=name)
    axes.axhline(1.0, color=_COLOURS["none"], linewidth=1.2, linestyle=":")
    axes.set_xticks(places, list(figures), fontsize=8)
    axes.legend(frameon=False, fontsize=8)
