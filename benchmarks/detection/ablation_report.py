"""The ablation as Markdown."""

import numpy as np

from benchmarks.detection.markdown import ahead, table
from benchmarks.detection.measurement import Measured
from benchmarks.detection.paired_difference import difference

_CLEAR = 0.01
_SHOWN = 5


def ablation_report(measured: Measured) -> str:
    """What leaving each ingredient out changes, and the streams on which the ingredient hurts."""
    auc, ap = measured.means("auc"), measured.means("ap")
    rows = []
    for place, name in enumerate(measured.detectors):
        row = [name, f"{auc[:, place].mean():.3f}", f"{ap[:, place].mean():.3f}"]
        if place:
            row += [ahead(difference(found[:, place], found[:, 0])) for found in (auc, ap)] + [
                _hurt(measured, auc[:, place] - auc[:, 0])
            ]
        else:
            row += ["", "", ""]
        rows.append(row)
    head = ["profile", "ROC-AUC", "AP", "AUC change", "AP change"]
    texts = [
        f"- {name}: {what}"
        for name, what in zip(measured.detectors, measured.settings, strict=True)
    ]
    return "\n\n".join(
        [
            table([*head, f"streams better by over {_CLEAR} of AUC without it"], rows),
            "\n".join(texts),
        ]
    )


def _hurt(measured: Measured, change: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    """How many streams are better without the ingredient, and which most."""
    order = [int(i) for i in np.argsort(-change) if change[i] > _CLEAR]
    named = ", ".join(f"{measured.streams[i].name} {change[i]:+.3f}" for i in order[:_SHOWN])
    return f"{len(order)}: {named}" if order else "0"
