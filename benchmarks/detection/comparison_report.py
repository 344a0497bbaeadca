"""The comparison with other detectors as Markdown."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.markdown import ahead, table, won
from benchmarks.detection.measurement import Measured
from benchmarks.detection.paired_difference import difference

_CLEAR = 0.02
_SHOWN = 10
_LONG = 5_000
_GOAL = 0.94
_GOAL_STREAM = "http_a"

Chosen = NDArray[np.bool_]


def comparison_report(measured: Measured) -> str:
    """Detectors, means with intervals by group of streams, http_a, losses, every stream."""
    parts = ["### Detectors", _settings(measured)]
    for title, chosen in _groups(measured).items():
        if chosen.any():
            parts += [f"### {title} ({int(chosen.sum())})", _summary(measured, chosen)]
    parts += [_goal(measured), "### Where another detector is ahead", _losses(measured)]
    parts += ["### Every stream", _every_stream(measured)]
    return "\n\n".join(part for part in parts if part)


def _groups(measured: Measured) -> dict[str, Chosen]:
    streams = measured.streams
    seen = np.array([stream.seen for stream in streams])
    mixed = np.array([stream.order == "shuffled" for stream in streams])
    long = np.array([stream.events >= _LONG for stream in streams])
    return {
        "All streams": np.ones(len(streams), np.bool_),
        "Streams that nobody looked at when the default profile was chosen": ~seen,
        "Streams with an order of their own, or bursts": ~mixed,
        "Shuffled streams": mixed,
        f"Streams of {_LONG:,} events and more, where a late first score costs little": long,
    }


def _settings(measured: Measured) -> str:
    events = sum(stream.events for stream in measured.streams) * len(measured.seeds)
    rows = [
        [f"{name}: {setting}", f"{1e6 * seconds / events:.1f}"]
        for name, setting, seconds in zip(
            measured.detectors, measured.settings, measured.seconds, strict=True
        )
    ]
    return table(["detector", "microseconds of CPU an event"], rows)


def _summary(measured: Measured, chosen: Chosen) -> str:
    auc, ap = measured.means("auc")[chosen], measured.means("ap")[chosen]
    rows = []
    for place, name in enumerate(measured.detectors):
        row = [name, f"{auc[:, place].mean():.3f}", f"{ap[:, place].mean():.3f}"]
        for found in (auc, ap):
            if place:
                lead = difference(found[:, 0], found[:, place])
                row += [ahead(lead), won(lead)]
            else:
                row += ["", ""]
        rows.append(row)
    ours = measured.detectors[0]
    head = ["mean of streams", "ROC-AUC", "AP", f"AUC: {ours} minus it", "won : lost"]
    return table([*head, f"AP: {ours} minus it", "won : lost"], rows)


def _goal(measured: Measured) -> str:
    places = [i for i, stream in enumerate(measured.streams) if stream.name == _GOAL_STREAM]
    if not places:
        return ""
    seeds = measured.qualities[places[0]]
    found = [one.auc for one in seeds[0]]
    others = ", ".join(
        f"{name} {np.mean([one.auc for one in runs]):.3f}"
        for name, runs in zip(measured.detectors[1:], seeds[1:], strict=True)
    )
    return (
        f"{_GOAL_STREAM} in time order, ROC-AUC of {measured.detectors[0]}: mean "
        f"**{np.mean(found):.3f}** (aim: {_GOAL}), by seed "
        f"{', '.join(f'{one:.3f}' for one in found)}; {others}."
    )


def _losses(measured: Measured) -> str:
    """The streams on which each other detector leads by more than .02 of AUC."""
    auc = measured.means("auc")
    rows = []
    for place, name in enumerate(measured.detectors[1:], start=1):
        lead = auc[:, place] - auc[:, 0]
        worst = [int(i) for i in np.argsort(-lead) if lead[i] > _CLEAR]
        shown = [f"{measured.streams[i].name} {lead[i]:+.3f}" for i in worst[:_SHOWN]]
        rows.append([name, str(len(worst)), ", ".join(shown)])
    return table(["detector", f"streams ahead by over {_CLEAR}", "the farthest"], rows)


def _every_stream(measured: Measured) -> str:
    rows = []
    for stream, detectors in zip(measured.streams, measured.qualities, strict=True):
        rows.append(
            [
                stream.name + ("" if stream.seen else " *"),
                f"{stream.source}, {stream.order}",
                f"{stream.events:,}",
                str(stream.features),
                f"{100 * stream.anomalies:.1f}",
                *(_cell(seeds) for seeds in detectors),
            ]
        )
    head = ["stream", "source, order", "events", "features", "anomalies, %", *measured.detectors]
    return "ROC-AUC / average precision, means over seeds. *: not looked at before.\n\n" + table(
        head, rows
    )


def _cell(seeds: list[Any]) -> str:
    return f"{np.mean([q.auc for q in seeds]):.3f} / {np.mean([q.ap for q in seeds]):.3f}"
