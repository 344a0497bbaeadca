"""How rare a score is among the recent ones."""

import math
from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels import high_scores as high_kernels
from floodline.detection.kernels import score_window as kernels
from floodline.detection.short_sample import ShortSample
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import StateRefused

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Answers = tuple[Floats, Floats]
"""Rarities and thresholds, (n,) each."""

_NO_NUMBER = "a score that is no number has no rarity"
_FLOAT = np.dtype(np.float64)
_MOST = 128  # thresholds that more scores reach are found among all, in blocks
_SHALLOW = 128  # fewer highest scores are cheaper to keep, and sooner gone
_SOON = 8  # highest scores that are gone within so many times as many events are falling
_LONG = 8_192  # events, at least, from one gathering to the next that is not forced
_FEW = 40  # alerts that are sooner counted one by one than all scores put in order


class ScoreWindow:
    """The last `size` scores.

    The rarity of a score s among n kept scores is (1 + #{kept >= s}) / (n + 1): the share of recent
    events that scored at least as high, with the event itself counted, so that it is never 0.
    It says little while n is small: no rarity below 1 / (n + 1) can be seen.

    >>> window = ScoreWindow(4)
    >>> for score in (0.1, 0.2, 0.3, 0.9):
    ...     window.learn(score)
    >>> window.rarity(0.5)
    0.4
    >>> window.threshold(0.4) > 0.3
    True

    `step_many` does the same for a row of scores at the speed of a kernel, and `step_alerts` some
    ten times faster where only alerts need a rarity; how a stream is cut into rows, and which of
    both takes a row, changes no bit.

    While n is too small to tell a rule's rarity, both ask the tail of the kept scores, where they
    have one (`short_sample`): an event is then rare enough if it scores above all of them, and no
    lower than the tail says. `rarity` and `threshold` count in any case.

    The ring of arrivals is all the state, beside the position in the stream, which the owner of the
    window knows and says by `stand_at`. What is kept in order, all scores in blocks or the
    highest alone, follows from it, and is made anew where the other one was in use.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"a score window needs a size of at least 1, not {size}")
        self.size = size
        self._window = kernels.new_window(size)
        self._high = high_kernels.new_high_scores(self._window.arrival, self._window.places)
        self._ordered, self._gathered = False, False
        self._depth, self._since = _SHALLOW, 0
        self._short, self._position = ShortSample(size), 0

    def __len__(self) -> int:
        return int(self._window.places[kernels.COUNT])

    @property
    def _kept(self) -> Floats:
        return self._window.arrival[: len(self)]

    def stand_at(self, position: int) -> None:
        """So many events of the stream have gone by; each row that is stepped counts itself."""
        if position != self._position:
            self._short.forget()
        self._position = position

    def learn(self, score: float) -> None:
        """Keep a score, and let the oldest go when the window is full."""
        self._step_high(
            np.asarray([score], dtype=np.float64), None, 0, _new_answers(1), high_kernels.NOBODY
        )
        self._position += 1

    def rarity(self, score: float) -> float:
        """The share in (0, 1] of recent events, this one included, that scored at least as high."""
        return (1 + int(np.count_nonzero(self._kept >= score))) / (len(self) + 1)

    def threshold(self, rarity: float) -> float:
        """The lowest score whose rarity is at most `rarity`; infinity where n is too small."""
        count = len(self)
        number = kernels.at_most(float(rarity), count)
        if number < 1:
            return math.inf
        if number > count:
            return 0.0
        return math.nextafter(np.partition(self._kept, count - number)[count - number], math.inf)

    def step_many(
        self,
        scores: Floats,
        rarity_rule: float | None,
        learn_from: int = 0,
        into: Answers | None = None,
    ) -> Answers:
        """For each score in order: its rarity, the threshold at `rarity_rule`; then keep it.

        Args:
            scores: (n,) scores; infinities are kept as such, NaN is no score.
            rarity_rule: the rarity of the thresholds, in (0, 1); None: no threshold is asked.
            learn_from: so many scores at the start are not kept (the model was warming up).
            into: where to put the answers, (n,) each; None: in new arrays.

        Returns:
            Rarities and thresholds, (n,) each, as `rarity` and `threshold` give them before the
            score is kept, or the threshold by the tail; the thresholds are NaN without a rule.

        Raises:
            ValueError: a score is NaN.
        """
        arrived = _row(scores)
        _refuse_nan(arrived)
        rarities, thresholds = into = into or _new_answers(arrived.size)
        if learn_from:
            self._short.forget()
        if rarity_rule is None or self._short.is_over(len(self), rarity_rule):
            self._step_all(arrived, rarity_rule, learn_from, into)
            self._position += arrived.size
            return into
        for piece, rarity, least in self._pieces(arrived.size, rarity_rule, learn_from):
            cold = max(0, learn_from - piece.start)
            self._step_all(arrived[piece], rarity, cold, (rarities[piece], thresholds[piece]))
            if least is not None:
                np.maximum(thresholds[piece], least, out=thresholds[piece])
        return into

    def step_alerts(
        self,
        scores: Floats,
        rule: ThresholdRule,
        learn_from: int = 0,
        into: Answers | None = None,
        asked: Booleans = high_kernels.NOBODY,
    ) -> Answers:
        """As `step_many`, with the rarities of scores that reach their threshold, NaN for others.

        The thresholds are those of the rule, at its rarity or fixed. Those that are `asked` for,
        (n,), have their rarity too.
        """
        arrived = _row(scores)
        rarities, thresholds = into = into or _new_answers(arrived.size)
        if learn_from:
            self._short.forget()
        if rule.rarity is None or self._short.is_over(len(self), rule.rarity):
            self._step_some(arrived, rule, learn_from, into, asked)
            self._position += arrived.size
            return into
        _refuse_nan(arrived)
        for piece, rarity, least in self._pieces(arrived.size, rule.rarity, learn_from):
            now = rule if least is None else ThresholdRule(rarity=rarity)
            cold = max(0, learn_from - piece.start)
            answers = rarities[piece], thresholds[piece]
            self._step_some(arrived[piece], now, cold, answers, asked[piece])
            if least is not None:
                np.maximum(thresholds[piece], least, out=thresholds[piece])
                _silence(arrived[piece], answers, asked[piece])
        return into

    def _pieces(
        self, many: int, rarity: float, cold: int
    ) -> Iterator[tuple[slice, float, float | None]]:
        """The next events in pieces, each with its rarity, and the least threshold if there is one.

        Where the tail is asked, only a score above all that are kept is rare enough. Events that
        are not kept, which can be no alerts, are no part of any fit.
        """
        done = 0
        while done < many:
            begun, done, now, least = done, min(cold, many), rarity, None
            if begun >= cold:
                head, count = self._window.places[[kernels.HEAD, kernels.COUNT]].tolist()
                length, least = self._short.stretch(
                    self._window.arrival, head, count, self._position, rarity
                )
                done = many if length is None else min(many, begun + length)
                now = rarity if least is None else 1 / (count + 1)
            yield slice(begun, done), now, least
            self._position += done - begun

    def _step_all(
        self, arrived: Floats, rarity: float | None, learn_from: int, into: Answers
    ) -> None:
        """Step with all scores in order."""
        rarities, thresholds = into
        rule = math.nan
        if rarity is None:
            thresholds.fill(math.nan)
        else:
            rule = float(rarity)
        if not self._ordered:
            kernels.order(self._window)
        self._ordered, self._gathered = True, False
        kernels.step_many(self._window, arrived, rule, int(learn_from), rarities, thresholds)

    def _step_some(
        self,
        arrived: Floats,
        rule: ThresholdRule,
        learn_from: int,
        into: Answers,
        asked: Booleans,
    ) -> None:
        """Step in whichever way is sooner done."""
        if not self._many_alerts(arrived, rule):
            self._step_high(arrived, rule, int(learn_from), into, asked)
            return
        _refuse_nan(arrived)
        self._step_all(arrived, rule.rarity, learn_from, into)
        if rule.score is not None:
            into[1].fill(rule.score)
        _silence(arrived, into, asked)

    def _many_alerts(self, arrived: Floats, rule: ThresholdRule) -> bool:
        """Whether rarities and thresholds are found sooner with all scores in order."""
        if rule.score is None:
            return self._reached_by(rule) > _MOST
        alerts = int(np.count_nonzero(arrived >= rule.score))
        return 20 * alerts > arrived.size and (self._ordered or alerts > _FEW)

    def _reached_by(self, rule: ThresholdRule | None) -> int:
        """How many scores of a full window reach the threshold, about."""
        if rule is None:
            return 0
        if rule.score is not None:
            return int(np.count_nonzero(self._kept >= rule.score))
        return kernels.at_most(float(rule.rarity or 0.0), self.size)

    def _step_high(
        self,
        arrived: Floats,
        rule: ThresholdRule | None,
        learn_from: int,
        into: Answers,
        asked: Booleans,
    ) -> None:
        """Step with the highest scores alone in order."""
        rarity, fixed = math.nan, math.inf
        if rule is not None:
            rarity = rarity if rule.rarity is None else float(rule.rarity)
            fixed = fixed if rule.score is None else float(rule.score)
        # A fall is over some day, and alerts at a fixed threshold come and go: look again.
        stays = self._depth == _SHALLOW and math.isinf(fixed)
        if not self._gathered or (not stays and self._since > max(_LONG, self.size)):
            self._gather(rule, _SHALLOW)
        done = 0
        while True:
            begun = done
            done = high_kernels.step_high(
                self._high, arrived, asked, begun, rarity, fixed, learn_from, *into
            )
            if done < 0:
                raise ValueError(_NO_NUMBER)
            self._ordered = False
            self._since += done - begun
            if done == arrived.size:
                return
            # Scores that fall take the highest away as fast as they come: gather more of them.
            falling = self._since < _SOON * self._depth
            self._gather(rule, 4 * self._depth if falling else _SHALLOW)

    def _gather(self, rule: ThresholdRule | None, depth: int) -> None:
        least = 4 * min(self._reached_by(rule), _MOST)
        self._depth, self._since = min(max(depth, least), high_kernels.DEEPEST), 0
        high_kernels.gather(self._high, self._depth)
        self._gathered = True

    def to_state(self) -> bytes:
        """The kept scores in order of arrival, as little-endian float64."""
        arrival, head = self._kept, int(self._window.places[kernels.HEAD])
        return np.concatenate((arrival[head:], arrival[:head])).astype("<f8").tobytes()

    @classmethod
    def from_state(cls, size: int, data: bytes) -> Self:
        """The window that `to_state` described; scores beyond `size` are the oldest and go.

        Raises:
            StateRefused: the bytes are no finite float64 numbers.
        """
        if len(data) % 8:
            raise StateRefused(f"{len(data)} bytes are no row of float64 scores")
        scores = np.frombuffer(data, dtype="<f8")
        if not np.isfinite(scores).all():
            raise StateRefused("a kept score is not a finite number")
        window = cls(size)
        kernels.fill(window._window, scores[-size:].astype(np.float64))
        return window


def _new_answers(count: int) -> Answers:
    return np.empty(count), np.empty(count)


def _silence(arrived: Floats, into: Answers, asked: Booleans) -> None:
    """Forget the rarities of those below their threshold that are not asked for."""
    rarities, thresholds = into
    unasked = arrived < thresholds
    if asked.size:
        unasked &= ~asked
    rarities[unasked] = math.nan


def _refuse_nan(arrived: Floats) -> None:
    if np.isnan(arrived).any():
        raise ValueError(_NO_NUMBER)


def _row(scores: Floats) -> Floats:
    """The scores as the kernels want them: contiguous and writable; themselves if they are."""
    if scores.__class__ is np.ndarray and scores.dtype is _FLOAT and scores.flags.carray:
        return scores
    return np.array(scores, dtype=np.float64, order="C")
