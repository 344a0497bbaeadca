"""`python -m benchmarks.bursts docs/bursts`: scores on the made streams, as plots and a table."""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.made_streams import EVENTS, FEATURES, MADE, TURN, MadeStream, make
from floodline.detection.models import new_detector
from floodline.detection.parameters import DefaultProfile, ModelParameters, RiverProfile
from floodline.detection.rarity import ScoreWindow
from floodline.detection.scorer import RARITY_WINDOW

SEEDS = 5
_NAMES = tuple(f"f{column}" for column in range(FEATURES))
_BEFORE = slice(TURN - 4_000, TURN)
_PROFILES: dict[str, tuple[ModelParameters, str]] = {
    "default": (DefaultProfile(), "tab:blue"),
    "guard = 0.02": (DefaultProfile(guard=0.02), "tab:orange"),
    "River's profile": (RiverProfile(), "tab:gray"),
}
_TITLES = {
    "burst": "Burst: 1,000 nearly equal anomalies in a row",
    "shift": "Level shift: 3 deviations on a third of the features",
    "drift": "Slow drift: the same 3 deviations over 10,000 events",
    "periodic": "Periodic: all features swing by 2 deviations, 2,000 events a period",
    "gap": "Gap: one feature of six is missing for 2,000 events",
    "rare_mode": "New rare mode: 2 % of the events from a new place",
}


class Course(NamedTuple):
    """Scores, and rarities, of the watched events, with their places in the stream."""

    places: NDArray[np.int64]
    scores: NDArray[np.float64]
    rarities: NDArray[np.float64]
    usual: NDArray[np.float64]


def follow(stream: MadeStream, parameters: ModelParameters) -> Course:
    """Score and learn the stream; keep what is watched."""
    scores = new_detector(parameters, _NAMES).score_learn_many(stream.rows)
    rarities, _ = ScoreWindow(RARITY_WINDOW).step_many(scores, None, 250)
    places = np.flatnonzero(stream.watched)
    return Course(places, scores[places], rarities[places], scores[_BEFORE])


def _medians(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    return np.median(np.lib.stride_tricks.sliding_window_view(values, length), axis=1)


def events_until_back(course: Course, over: int) -> float:
    """Events from `over` on until the watched scores are usual again; infinity if never.

    Usual for good: the median of 250 events in a row stays at or below what a quarter of the 4,000
    scores before TURN exceeded. A rare mode is learnt once the median of 20 of its events in a row
    is at or below what 2 % of those scores exceeded.
    """
    late = np.flatnonzero(course.places >= over)
    if course.places.size == EVENTS:
        high = _medians(course.scores[late], 250) > np.quantile(course.usual, 0.75)
        last = int(np.flatnonzero(high)[-1]) + 1 if high.any() else 0
        return float(last) if last < high.size else np.inf
    back = _medians(course.scores[late], 20) <= np.quantile(course.usual, 0.98)
    return float(course.places[late[back.argmax()]] - over) if back.any() else np.inf


def rarest(course: Course) -> float:
    """The lowest rarity from TURN on: median of 100 watched events in a row, 20 of a rare mode."""
    length = 100 if course.places.size == EVENTS else 20
    return float(_medians(course.rarities[course.places >= TURN], length).min())


def plot(name: str) -> Figure:
    """Rarity over time, on a logarithmic scale: the median of groups of watched events."""
    figure = Figure(figsize=(8.0, 3.4), layout="constrained")
    axes: Axes = figure.subplots()
    for label, (parameters, colour) in _PROFILES.items():
        stream = make(name, 0)
        course = follow(stream, parameters)
        group = 50 if course.places.size == EVENTS else 5
        count = course.places.size // group
        places = course.places[: count * group].reshape(count, group).mean(axis=1)
        rarities = np.median(course.rarities[: count * group].reshape(count, group), axis=1)
        shown = (places > TURN - 2_500) & (places < TURN + 12_500)
        width = 2.4 if label == "default" else 1.1
        axes.plot(places[shown] - TURN, rarities[shown], color=colour, label=label, linewidth=width)
    axes.axvspan(0, max(stream.over - TURN, 40), color="tab:red", alpha=0.15, linewidth=0)
    axes.set(
        title=_TITLES[name],
        xlabel="events since the change",
        ylabel="rarity of the score\n(share of late scores as high)",
        yscale="log",
        ylim=(1.3, 7e-5),
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="upper right", fontsize="small")
    return figure


def table() -> str:
    """Rarity at its height; events until scores are back, median and range, as Markdown."""
    heads = [f"{label}: rarest | back after" for label in _PROFILES]
    lines = ["| stream | " + " | ".join(heads) + " |", "|---|" + "---|---|" * len(_PROFILES)]
    for name in MADE:
        cells = []
        for parameters, _ in _PROFILES.values():
            found, lowest = [], []
            for seed in range(SEEDS):
                stream = make(name, seed)
                course = follow(stream, parameters)
                found.append(events_until_back(course, stream.over))
                lowest.append(rarest(course))
            low, middle, high = (_said(float(np.quantile(found, q))) for q in (0.0, 0.5, 1.0))
            cells.append(f"{np.median(lowest):.2g}")
            cells.append(middle if low == high else f"{middle} ({low} to {high})")
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def burst_table() -> str:
    """Median score before the burst, of its first and of its last 100 events, as Markdown."""
    lines = ["| | usual | burst's first 100 | its last 100 |", "|---|---|---|---|"]
    for label, (parameters, _) in _PROFILES.items():
        found = []
        for seed in range(SEEDS):
            stream = make("burst", seed)
            scores = follow(stream, parameters).scores
            ends = (scores[TURN : TURN + 100], scores[stream.over - 100 : stream.over])
            found.append([np.median(part) for part in (scores[_BEFORE], *ends)])
        cells = " | ".join(f"{score:.3f}" for score in np.median(found, axis=0))
        lines.append(f"| {label} | {cells} |")
    return "\n".join(lines)


def _said(events: float) -> str:
    return f"{events:,.0f}" if np.isfinite(events) else "never"


def main() -> None:
    """Write the plots, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bursts", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the plots go")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in MADE:
        plot(name).savefig(folder / f"{name}.png", dpi=90)
    sys.stdout.write(f"{table()}\n\n{burst_table()}\n")


if __name__ == "__main__":
    main()
