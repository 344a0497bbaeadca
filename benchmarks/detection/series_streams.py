"""Real series in time: values with features of their past, labelled or with injected trouble."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.detection.labelled_stream import LabelledStream, Recipe, Rows
from benchmarks.detection.package_tables import folder
from benchmarks.detection.stream_order import generator, ordered, shuffled

Series = NDArray[np.float64]

_AEON = "datasets/data"


def recipes() -> list[Recipe]:
    """The streams of this file."""
    made: list[tuple[str, str, str, Callable[[], LabelledStream]]] = [
        ("ucr_135", "aeon", "time", _bleeding),
        ("ecg_diff", "aeon", "time", _heart),
        ("electric_injected", "aeon", "time", _electric),
        ("vowels_speaker", "aeon", "shuffled", _speaker),
        ("water_injected", "river", "time", _water),
    ]
    return [
        Recipe(name=name, source=source, order=order, seen=True, load=load)
        for name, source, order, load in made
    ]


def of_its_past(series: Series, period: int = 0, length: int = 12) -> Rows:
    """Value, difference, distance from the mean of the last `length`, their deviation, phase."""
    values = pd.Series(series)
    past = values.rolling(length, min_periods=1)
    columns = [
        values,
        values.diff().fillna(0.0),
        values - past.mean(),
        past.std(ddof=0).fillna(0.0),
    ]
    if period:
        phase = np.arange(len(series)) * 2 * np.pi / period
        columns += [np.sin(phase), np.cos(phase)]
    return np.column_stack(columns)


def lagged(series: Series, lags: tuple[int, ...]) -> Rows:
    """The value beside those some events ago."""
    return np.column_stack([series, *(np.r_[np.full(k, series[0]), series[:-k]] for k in lags)])


def _aeon(file: str) -> Path:
    return folder("aeon") / _AEON / file


def _bleeding() -> LabelledStream:
    """Internal bleeding of the UCR archive, its anomaly in the second half."""
    name = "KDD-TSAD_135/135_UCR_Anomaly_InternalBleeding16_{}.csv"
    parts = [pd.read_csv(_aeon(name.format(part))) for part in ("TRAIN", "TEST")]
    table = pd.concat(parts)
    odd = table["is_anomaly"].to_numpy() > 0
    return ordered(of_its_past(table["value"].to_numpy(dtype=np.float64)), odd)


def _heart() -> LabelledStream:
    table = pd.read_csv(_aeon("UnitTest/ecg-diff-count-3_TEST.csv"))
    odd = table["is_anomaly"].to_numpy() > 0
    return ordered(lagged(table["value-0"].to_numpy(dtype=np.float64), (4, 8, 16)), odd)


def _electric() -> LabelledStream:
    """Use of electricity, with 14 stretches lifted, turned round or replaced by noise."""
    table = pd.read_csv(_aeon("segmentation/ElectricDevices.csv"), header=None)
    series = table.iloc[:, 1].to_numpy(dtype=np.float64).copy()
    draw = generator("electric_injected")
    odd = np.zeros(len(series), np.bool_)
    spread = series.std()
    for start in draw.integers(1_500, len(series) - 60, 14):
        here = slice(start, start + draw.integers(15, 50))
        part, odd[here] = series[here], True
        noise = part.mean() + 0.4 * spread * draw.standard_normal(len(part))
        series[here] = (part + 2.5 * spread, part[::-1] * 1.8, noise)[draw.integers(3)]
    return ordered(of_its_past(series), odd)


def _water() -> LabelledStream:
    """The flow of water, with half a day of yesterday's flow times .5 or 1.6, five times."""
    table = pd.read_csv(folder("river") / "datasets/water-flow.csv")
    series = table.iloc[:, -1].to_numpy(dtype=np.float64).copy()
    draw = generator("water_injected")
    odd = np.zeros(len(series), np.bool_)
    for start in (400, 620, 800, 1_000, 1_150):
        odd[start : start + 12] = True
        series[start : start + 12] = series[start - 24 : start - 12] * draw.choice([0.5, 1.6]) + 5
    return ordered(of_its_past(series, 24), odd)


def _speaker() -> LabelledStream:
    """Every fifth frame of Japanese vowels; the first of nine speakers is thinned to 3.4 %."""
    frames: list[Rows] = []
    speakers: list[str] = []
    for part in ("TRAIN", "TEST"):
        text = _aeon(f"JapaneseVowels/JapaneseVowels_eq_{part}.ts").read_text()
        for line in text.splitlines():
            if not line.strip() or line[0] in "@#":
                continue
            *channels, speaker = line.strip().split(":")
            frame = np.array([channel.split(",") for channel in channels], dtype=np.float64).T
            frames.append(frame[::5])
            speakers += [speaker] * len(frame[::5])
    rows, first = np.vstack(frames), np.array(speakers) == "1"
    return shuffled("vowels_speaker", rows[~first], rows[first], 0.034)
