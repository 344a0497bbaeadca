"""Made streams in time: drift, shifts, seasons, bursts, gaps, new modes, by generator."""

from collections.abc import Callable

import numpy as np

from benchmarks.detection.labelled_stream import Truth
from benchmarks.detection.made_tables import Generator, Made
from benchmarks.detection.series_streams import Series, lagged, of_its_past


def _stretches(
    draw: Generator, events: int, count: int, shortest: int, longest: int
) -> tuple[Truth, list[slice]]:
    """Where trouble lies: `count` stretches after the first eighth."""
    odd = np.zeros(events, np.bool_)
    places = []
    for start in draw.integers(events // 8, events - longest, count):
        here = slice(int(start), int(start + draw.integers(shortest, longest)))
        odd[here] = True
        places.append(here)
    return odd, places


def _season(draw: Generator, events: int, period: int) -> Series:
    phase = 2 * np.pi * np.arange(events) / period
    noise = 0.5 * draw.normal(size=events)
    return np.asarray(10 + 4 * np.sin(phase) + 2 * np.sin(2 * phase + 1) + noise)


def drift(draw: Generator) -> Made:
    """Means wander by four deviations in some 10,000 events; odd rows are three times as wide."""
    time = np.arange(12_000)[:, np.newaxis]
    rows = draw.normal(size=(12_000, 6)) + 4 * np.sin(time / 3_000 + np.arange(6)) + time / 4_000
    odd = draw.random(12_000) < 0.02
    rows[odd] += draw.normal(0, 3.0, (odd.sum(), 6))
    return rows, odd


def level_shifts(draw: Generator) -> Made:
    """Every 3,500 events three of eight features shift by three; odd rows move two by five."""
    rows = draw.normal(size=(14_000, 8))
    for start in range(3_500, 14_000, 3_500):
        rows[start:, draw.permutation(8)[:3]] += draw.choice([-3, 3])
    odd = draw.random(14_000) < 0.02
    for event in np.flatnonzero(odd):
        rows[event, draw.permutation(8)[:2]] += draw.choice([-5, 5], 2)
    return rows, odd


def season_levels(draw: Generator) -> Made:
    """A season of 288 events, with stretches lifted or lowered."""
    series = _season(draw, 10_000, 288)
    odd, places = _stretches(draw, 10_000, 12, 20, 60)
    for here in places:
        series[here] += draw.choice([-1, 1]) * draw.uniform(3, 7)
    return of_its_past(series, 288), odd


def season_phase(draw: Generator) -> Made:
    """A season of 144 events, with stretches of values that belong half a season earlier."""
    series = _season(draw, 10_000, 144)
    odd, places = _stretches(draw, 10_000, 10, 20, 70)
    for here in places:
        series[here] = series[here.start - 72 : here.stop - 72]
    return of_its_past(series, 144), odd


def season_lags(draw: Generator) -> Made:
    """A season beside its own lags, with stretches in which time runs backwards."""
    series = _season(draw, 10_000, 200)
    odd, places = _stretches(draw, 10_000, 10, 30, 80)
    for here in places:
        series[here] = series[here][::-1].copy()
    return lagged(series, (1, 10, 50, 200)), odd


def noisy_lags(draw: Generator) -> Made:
    """An autoregressive series beside its lags; in odd stretches its noise is 2.8 times as wide."""
    odd, places = _stretches(draw, 9_000, 10, 20, 60)
    noise = draw.normal(size=9_000)
    for here in places:
        noise[here] *= 2.8
    series = np.zeros(9_000)
    for event in range(1, 9_000):
        series[event] = 0.9 * series[event - 1] + noise[event]
    return lagged(series, (1, 2, 3, 4)), odd


def flat_line(draw: Generator) -> Made:
    """A season over a random walk; in odd stretches the sensor repeats its last value."""
    series = _season(draw, 8_000, 200) + np.cumsum(draw.normal(0, 0.05, 8_000))
    odd, places = _stretches(draw, 8_000, 9, 25, 60)
    for here in places:
        series[here] = series[here.start] + 0.02 * draw.normal(size=here.stop - here.start)
    return of_its_past(series), odd


def bursts(draw: Generator) -> Made:
    """Three bursts of 300 rows, each packed round one unusual place."""
    rows = draw.normal(size=(14_900, 5)) + draw.choice([-4, 0, 4], 14_900)[:, np.newaxis]
    odd = np.zeros(14_900, np.bool_)
    for start in (4_000, 7_800, 11_600):
        place = draw.choice([-7, 7], 5) * (draw.random(5) < 0.6)
        rows[start : start + 300] = place + 0.25 * draw.normal(size=(300, 5))
        odd[start : start + 300] = True
    return rows, odd


def new_mode(draw: Generator) -> Made:
    """Half way a new cluster becomes usual; odd rows lie evenly in a box."""
    rows = draw.normal(size=(12_000, 6)) + 3 * draw.choice([-1, 1], (12_000, 1))
    late = (np.arange(12_000) > 6_000) & (draw.random(12_000) < 0.3)
    rows[late] = draw.normal(0, 0.8, (late.sum(), 6)) + 7
    odd = draw.random(12_000) < 0.02
    rows[odd] = draw.uniform(-9, 9, (odd.sum(), 6))
    return rows, odd


def walk_spikes(draw: Generator) -> Made:
    """A random walk with spikes of one to three events."""
    series = np.cumsum(draw.normal(0, 0.3, 10_000))
    odd, places = _stretches(draw, 10_000, 60, 1, 4)
    for here in places:
        series[here] += draw.choice([-1, 1]) * draw.uniform(2, 6)
    return of_its_past(series), odd


def traffic(draw: Generator) -> Made:
    """Counts that follow the day; in odd stretches one of them doubles and errors rise."""
    rate = 20 + 12 * np.sin(2 * np.pi * np.arange(10_000) / 1_440)
    counts = [draw.poisson(rate * share) for share in (1, 2, 0.2)]
    others = [draw.poisson(3, 10_000), draw.gamma(2, 50, 10_000)]
    rows = np.column_stack([*counts, *others]).astype(np.float64)
    odd, places = _stretches(draw, 10_000, 6, 30, 120)
    for here in places:
        which = draw.integers(3)
        rows[here, which] = draw.poisson(rate[here] * (2.2, 2.2, 2.0)[which])
        rows[here, 3] += draw.poisson(4, here.stop - here.start)
    return rows, odd


def lost_link(draw: Generator) -> Made:
    """Two series that follow each other; in odd stretches the second goes its own way."""
    first = np.cumsum(draw.normal(0, 0.2, 10_000))
    first -= np.linspace(0, first[-1], 10_000)
    second = 0.8 * first + 0.3 * draw.normal(size=10_000)
    odd, places = _stretches(draw, 10_000, 8, 30, 90)
    for here in places:
        second[here] = second[here.start] + np.cumsum(draw.normal(0, 0.6, here.stop - here.start))
    return np.column_stack([first, second, draw.normal(size=10_000)]), odd


def widening(draw: Generator) -> Made:
    """Deviations grow fourfold over the stream; odd rows are five of today's deviations out."""
    spread = np.exp(np.linspace(0, np.log(4), 10_000))[:, np.newaxis]
    rows = draw.normal(size=(10_000, 6)) * spread
    odd = draw.random(10_000) < 0.02
    for event in np.flatnonzero(odd):
        rows[event, draw.integers(6)] += draw.choice([-5, 5]) * spread[event, 0]
    return rows, odd


KINDS: dict[str, tuple[bool, Callable[[Generator], Made]]] = {
    "drift": (True, drift),
    "level_shifts": (True, level_shifts),
    "season_levels": (True, season_levels),
    "season_phase": (True, season_phase),
    "noisy_lags": (True, noisy_lags),
    "flat_line": (True, flat_line),
    "bursts": (True, bursts),
    "new_mode": (True, new_mode),
    "walk_spikes": (True, walk_spikes),
    "traffic": (True, traffic),
    "season_lags": (False, season_lags),
    "lost_link": (False, lost_link),
    "widening": (False, widening),
}
"""Each generator by name; True where the default profile was chosen looking at its kind."""
