"""A stream from its first event to its last under one method, and what came of it."""

from collections.abc import Callable

import msgspec
import numpy as np

from floodline.detection.detector import Rows
from floodline.detection.parameters import DefaultProfile, ModelParameters
from floodline.feedback.decision import Decision
from floodline.feedback.policies import PrecisionTarget
from floodline.simulation.analysts import Analysts
from floodline.simulation.anomaly_discovery import AnomalyDiscovery
from floodline.simulation.method import Booleans, Method, Numbers, Setting
from floodline.simulation.outcome import Claim, Moment, Outcome, Promise
from floodline.simulation.ranking import average_precision, best_recall
from floodline.simulation.schedule import Schedule
from floodline.simulation.taught_forest import TaughtForest
from floodline.simulation.threshold_only import ThresholdOnly
from floodline.simulation.top_of_window import TopOfWindow

METHODS: dict[str, Callable[[Setting], Method]] = {
    "none": TopOfWindow,
    "threshold_only": ThresholdOnly,
    "feedback": TaughtForest,
    "aad": AnomalyDiscovery,
}
"""Ways to use labels, by name; `feedback` is the product's."""
_OF_ANY_MODEL = ("none", "threshold_only")

Progress = Callable[[], None]
"""Told of each window that is done."""


def methods_for(parameters: ModelParameters) -> dict[str, Callable[[Setting], Method]]:
    """The methods that can use a model: labels teach the default profile only."""
    taught = isinstance(parameters, DefaultProfile)
    return {name: make for name, make in METHODS.items() if taught or name in _OF_ANY_MODEL}


class Stream(msgspec.Struct, frozen=True):
    """Events in order: the features, (n, d), and which of them are real anomalies, (n,)."""

    rows: Rows
    real: Booleans

    def shuffled(self, seed: int) -> "Stream":
        """The same events in an order that the seed gives."""
        order = np.random.default_rng([seed, 0]).permutation(self.real.size)
        return Stream(np.ascontiguousarray(self.rows[order]), self.real[order])


def simulate(
    stream: Stream, method: Method, setting: Setting, analysts: Analysts, progress: Progress
) -> Outcome:
    """Score the stream window by window; after each one its labels are given, and taken in.

    The same arguments give the same outcome.
    """
    schedule = setting.schedule
    scores = [method.step(stream.rows[: schedule.warm_up])]
    decisions: list[Decision] = []
    reviewed, found = 0, []
    for window in range(schedule.windows):
        piece = schedule.window(window)
        scores.append(method.step(stream.rows[piece]))
        chosen = piece.start + method.choose(schedule.allowance(window))
        analysts.review(chosen, window)
        reviewed += chosen.size
        found.append(int(np.count_nonzero(stream.real[chosen])))
        method.learn(analysts.told(window))
        if method.decision is not None:
            decisions.append(method.decision)
        progress()
    published, judged = np.concatenate(scores), schedule.second_half
    return Outcome(
        seed=setting.seed,
        labels=reviewed,
        found=sum(found),
        found_by_window=tuple(found),
        average_precision=average_precision(published[judged], stream.real[judged]),
        ranked=int(np.count_nonzero(stream.real[judged])),
        promise=_promise(stream.real, published, method, setting, decisions),
    )


def _promise(
    real: Booleans,
    scores: Numbers,
    method: Method,
    setting: Setting,
    decisions: list[Decision],
) -> Promise | None:
    alerts, schedule, policy = method.alerts, setting.schedule, setting.decider.policy
    if alerts is None or not isinstance(policy, PrecisionTarget):
        return None
    path = [
        _moment(real, scores, schedule, window, decision)
        for window, decision in enumerate(decisions)
    ]
    last = slice(schedule.window(schedule.last_third).start, None)
    precision = _share(real[last], alerts[last])
    return Promise(
        target=policy.at_least,
        alerts=int(alerts.sum()),
        alerts_last_third=int(alerts[last].sum()),
        real_precision=precision,
        real_recall=_share(alerts[last], real[last]),
        best_recall=best_recall(scores[last], real[last], policy.at_least),
        held=None if precision is None else precision >= policy.at_least,
        promised=path[-1].promised,
        path=tuple(path),
    )


def _moment(
    real: Booleans, scores: Numbers, schedule: Schedule, window: int, decision: Decision
) -> Moment:
    """What the decision says of its threshold, beside all events that were seen until then."""
    seen = slice(schedule.warm_up, schedule.window(window).stop)
    threshold, after = decision.threshold_after, decision.after
    above = scores[seen] >= (np.inf if threshold is None else threshold)
    drift = after.drift if after else None
    return Moment(
        window=window,
        threshold=threshold if threshold is not None and np.isfinite(threshold) else None,
        labels=decision.labels,
        promised=decision.kept,
        precision=Claim.of(
            after.precision if after else None,
            _share(real[seen], above)
            if drift is None
            else precision_by_age(real[seen], above, drift.half_life * schedule.size),
        ),
        recall=Claim.of(after.recall if after else None, _share(above, real[seen])),
        reason=decision.reason,
    )


def precision_by_age(real: Booleans, above: Booleans, half_life: float) -> float | None:
    """The share of real ones among what is above, the false ones of so many events ago by half.

    It is what precision is estimated to be where scores drift: real ones count over all events,
    the newest being the last, and false ones at the rate at which they come now.
    """
    fresh = 0.5 ** (np.arange(real.size, 0, -1) / half_life)
    found = float(np.count_nonzero(real & above))
    false = float(fresh[above & ~real].sum() / fresh.mean())
    return found / (found + false) if found + false else None


def _share(part: Booleans, whole: Booleans) -> float | None:
    """The share of the whole that is in the part too; None without any."""
    count = int(np.count_nonzero(whole))
    return int(np.count_nonzero(part & whole)) / count if count else None
