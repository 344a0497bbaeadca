"""Labels move the threshold and nothing else: the trainer's decisions, without Kafka and SQL."""

import numpy as np

from floodline.detection.detector import Rows
from floodline.detection.scorer import ScoredRows, Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.decision import DAY, Decision, Standing
from floodline.feedback.evidence import Epoch
from floodline.feedback.review_sampling import (
    Reviewable,
    ReviewSampler,
    Sampling,
    planned_sampling,
    reviews_an_hour,
)
from floodline.simulation.analysts import Told
from floodline.simulation.method import Booleans, Numbers, Places, Setting
from floodline.simulation.review_log import ReviewLog

RESERVED = 0.1
"""Share of the queue that is served by chance; the rest is its top."""
LEAST_SAMPLES = 30
"""Samples without which the rates are not planned anew."""
TOO_FAR = 2.0
"""So many times as many samples as should be drawn, or one part in so many, are drawn anew."""


class ThresholdOnly:
    """The model as it is; alerts and samples are shown, their labels move the threshold.

    Of the queue's places nine in ten go to the highest scores, the others by chance to the rest of
    it. As many samples are drawn in a window, on average, as it has labels. What is not looked at
    after its window never is.
    """

    def __init__(self, setting: Setting) -> None:
        self._schedule, self._decider = setting.schedule, setting.decider
        self._scorer = Scorer.new(setting.parameters, setting.features)
        self._rule = ThresholdRule(rarity=setting.rarity)
        self._random = np.random.default_rng([setting.seed, 2])
        self._key = setting.seed
        self._sampling = Sampling.even(min(1.0, self._budget / self._schedule.size))
        self._log = ReviewLog(self._schedule.size, setting.half_life)
        self._epochs = [self._epoch(0)]
        self._path: list[float | None] = []
        self._moved: int | None = None
        self._start, self._window, self._seen = 0, 0, 0
        self._queue = np.empty(0, np.int64)
        self._scored = np.empty(0)
        self._alerts: list[Booleans] = []
        self._decision: Decision | None = None

    @property
    def _budget(self) -> float:
        return self._schedule.labels_a_window

    def _epoch(self, release: int) -> Epoch:
        return Epoch(release=release, threshold=self._rule.score, sampling=self._sampling)

    def step(self, rows: Rows) -> Numbers:
        """Score and learn under the newest release; what is an alert or drawn joins the queue."""
        self._start, self._seen = self._seen, self._seen + len(rows)
        sampler = ReviewSampler(self._key, self._sampling)

        def draw(start: int, scores: Numbers) -> Booleans:
            first = self._start + start
            return sampler.drawn(np.arange(first, first + scores.size), scores)

        found = self._scorer.step_many(rows, self._rule, rarities="alerts", draw=draw)
        self._alerts.append(found.is_alert)
        self._chosen(found)
        return found.score

    def _chosen(self, found: ScoredRows) -> None:
        self._scored = found.score
        self._queue = np.flatnonzero(found.is_alert | found.is_drawn)
        self._log.chosen(
            self._start + self._queue,
            found.score[self._queue],
            found.threshold[self._queue],
            self._epochs[-1].release,
        )

    def choose(self, count: int) -> Places:
        """Most from the top of the window's queue, some by chance."""
        count = min(count, self._queue.size)
        by_chance = int(self._random.binomial(count, RESERVED))
        ordered = self._queue[np.argsort(-self._scored[self._queue], kind="stable")]
        top, others = ordered[: count - by_chance], ordered[count - by_chance :]
        return np.concatenate([top, self._random.permutation(others)[:by_chance]])

    def learn(self, told: Told) -> None:
        """Decide on the threshold, and on what is drawn; either makes a release."""
        self._log.told(told, self._window)
        evidence = self._log.evidence(self._seen, self._window, tuple(self._epochs))
        decision = self._decider.decide(evidence, self._standing())
        if decision.outcome == "moved":
            self._rule = ThresholdRule(score=decision.threshold_after)
            self._moved = self._window
        seen = Reviewable(evidence.chosen.scores, evidence.reviewed().weights, self._window + 1.0)
        sampling = self._replanned(seen, evidence.chosen.thresholds)
        if decision.outcome == "moved" or sampling is not None:
            self._sampling = sampling or self._sampling
            self._epochs.append(self._epoch(len(self._epochs)))
        self._path.append(self._rule.score)
        self._decision = decision
        self._window += 1

    def _standing(self) -> Standing:
        past = self._window - int(DAY)
        return Standing(
            threshold=self._rule.score,
            a_day_ago=self._path[past] if past >= 0 else None,
            moved=None if self._moved is None else float(self._window - self._moved),
        )

    def _replanned(self, seen: Reviewable, thresholds: Numbers) -> Sampling | None:
        """What should be drawn, where what is comes to far more or fewer or has just moved."""
        threshold = self._rule.score
        if threshold is None or np.count_nonzero(seen.scores < thresholds) < LEAST_SAMPLES:
            return None
        planned = planned_sampling(seen, threshold, self._budget)
        if self._moved == self._window:
            return planned
        drawn, wanted = (
            reviews_an_hour(each, seen, threshold) for each in (self._sampling, planned)
        )
        return planned if not wanted / TOO_FAR <= drawn <= wanted * TOO_FAR else None

    @property
    def alerts(self) -> Booleans | None:
        """The alerts so far."""
        return np.concatenate(self._alerts)

    @property
    def decision(self) -> Decision | None:
        """The last look at the threshold."""
        return self._decision
