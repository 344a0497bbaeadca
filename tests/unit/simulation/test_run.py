"""Streams lived through: the protocol, and what the threshold promised."""

import msgspec
import numpy as np
import pytest

from floodline.detection.parameters import DefaultProfile, RiverProfile
from floodline.feedback.review_estimates import Estimate
from floodline.simulation.analysts import Analysts, Told
from floodline.simulation.method import Places, Setting
from floodline.simulation.outcome import Claim, Outcome
from floodline.simulation.run import METHODS, methods_for, precision_by_age, simulate
from floodline.simulation.summary import summary
from floodline.simulation.threshold_only import ThresholdOnly
from tests.unit.simulation.streams import (
    lived,
    made_stream,
    setting,
    stream_with_harmless_outliers,
)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_outcome(method: str) -> None:
    """To the last bit; another seed gives another."""
    stream = made_stream()
    first, again = (lived(method, stream, seed=3, noise=0.1) for _ in range(2))
    assert first == again
    assert lived(method, stream, seed=4, noise=0.1).average_precision != first.average_precision


@pytest.mark.parametrize("labels", [1, 39, 200, 2_000])
@pytest.mark.parametrize("method", METHODS)
def test_labels_never_exceed_the_budget(method: str, labels: int) -> None:
    """Nor does what was found; without labels to wait for, every one is spent at the top."""
    stream = made_stream()
    outcome = lived(method, stream, labels=labels)
    assert outcome.labels <= labels
    assert outcome.found <= min(outcome.labels, int(stream.real.sum()))
    assert sum(outcome.found_by_window) == outcome.found
    if method == "none":
        assert outcome.labels == labels


def test_all_events_reviewed_find_all_anomalies() -> None:
    """With a label for every event after the warm-up, every anomaly there is found."""
    stream = made_stream()
    assert lived("none", stream, labels=2_000).found == int(stream.real[250:].sum())


class Recording(ThresholdOnly):
    """Keeps what it was told, and after how many windows."""

    def __init__(self, given: Setting) -> None:
        super().__init__(given)
        self.heard: list[Told] = []
        self.shown: list[Places] = []

    def choose(self, count: int) -> Places:
        chosen = super().choose(count)
        assert np.unique(chosen).size == chosen.size <= count
        self.shown.append(chosen)
        return chosen

    def learn(self, told: Told) -> None:
        self.heard.append(told)
        super().learn(told)


def test_labels_arrive_after_the_delay() -> None:
    """With four windows' delay the first four looks know nothing, and the last four never come."""
    stream = made_stream()
    given = setting(stream)
    method = Recording(given)
    analysts = Analysts(stream.real, noise=0.0, delay=4, people=5, seed=0)
    outcome = simulate(stream, method, given, analysts, lambda: None)
    sizes = [told.events.size for told in method.heard]
    shown = [chosen.size for chosen in method.shown]
    assert sizes == [0, 0, 0, 0, *shown[:-4]]
    assert outcome.promise is not None
    assert outcome.promise.end.labels == sum(shown[:-4])


def threshold_run(*, noise: float = 0.0) -> Outcome:
    """`threshold_only` on a stream of 12,000 events, with ten labels a window."""
    return lived("threshold_only", made_stream(12_250), labels=400, noise=noise)


def test_the_threshold_keeps_its_promise_on_a_steady_stream() -> None:
    """Of the last third's alerts seven in ten are real; estimates hold the truth at the end."""
    outcome = threshold_run()
    promise = outcome.promise
    assert promise is not None
    assert promise.alerts_last_third > 20
    assert promise.held
    assert promise.real_recall is not None
    assert promise.best_recall is not None
    assert 0.5 < promise.real_recall <= promise.best_recall + 0.1
    assert promise.end.precision.covered
    assert promise.end.recall.covered
    assert len({moment.threshold for moment in promise.path}) > 1


def test_a_bound_of_nothing_holds_nothing() -> None:
    """A lower bound that halving leaves a little above 0 holds a truth of 0."""
    claim = Claim.of(Estimate(value=0.0, lower=1e-18, upper=0.9), 0.0)
    assert claim.covered
    assert not Claim.of(Estimate(value=0.5, lower=0.1, upper=0.9), 0.0).covered
    assert Claim.of(None, 0.5).covered is None


def test_labels_of_the_threshold_do_not_touch_the_scores() -> None:
    """`none` and `threshold_only` publish the same scores, so rank alike."""
    stream = made_stream()
    ranked = [lived(method, stream).average_precision for method in ("none", "threshold_only")]
    assert ranked[0] == ranked[1]


@pytest.mark.parametrize("method", ["feedback", "aad"])
def test_labels_that_teach_find_more_and_rank_better(method: str) -> None:
    """Found per review and average precision, against the same forest without labels."""
    stream = stream_with_harmless_outliers()
    plain, taught = lived("none", stream), lived(method, stream)
    assert taught.found > plain.found
    assert taught.average_precision is not None
    assert plain.average_precision is not None
    assert taught.average_precision > plain.average_precision


def test_only_the_default_profile_is_taught() -> None:
    """Another model has the methods that leave it as it is."""
    assert set(methods_for(DefaultProfile())) == set(METHODS)
    assert set(methods_for(RiverProfile())) == {"none", "threshold_only"}
    given = setting(made_stream())
    with pytest.raises(TypeError, match="default profile"):
        METHODS["feedback"](msgspec.structs.replace(given, parameters=RiverProfile()))


def test_without_labels_the_taught_forest_is_the_plain_one() -> None:
    """Before the first label its scores and its choice are those of `none`, to the bit."""
    stream = made_stream()
    given = setting(stream)
    plain, taught = (METHODS[name](given) for name in ("none", "feedback"))
    for rows in (stream.rows[:250], stream.rows[250:300]):
        assert plain.step(rows).tobytes() == taught.step(rows).tobytes()
    assert plain.choose(5).tolist() == taught.choose(5).tolist()


def test_coins_promise_less_than_eyes() -> None:
    """Where half of the answers are wrong, a threshold is not said to be surely seven in ten."""
    outcome = threshold_run(noise=0.5)
    assert outcome.promise is not None
    assert not outcome.promise.promised


def test_the_summary_has_means_over_seeds() -> None:
    """Found and average precision, and shares of what held."""
    stream = made_stream()
    outcomes = [lived("threshold_only", stream, seed=seed) for seed in range(2)]
    figures = summary(outcomes)
    assert figures["found"] == sum(each.found for each in outcomes) / 2
    assert 0 < figures["average_precision"] <= 1
    assert figures["coverage_precision"] in (0, 0.5, 1, None)
    assert [run["seed"] for run in figures["runs"]] == [0, 1]
    assert "target_held" not in summary([lived("none", stream)])


def test_false_alarms_by_age_are_those_of_now() -> None:
    """One real alert in a hundred events throughout; false ones only in the newer half."""
    real = np.arange(10_000) % 100 == 0
    false = (np.arange(10_000) % 50 == 1) & (np.arange(10_000) >= 5_000)
    found = precision_by_age(real, real | false, 500.0)
    assert found == pytest.approx(1 / 3, abs=0.01)
    assert precision_by_age(real, real | false, 1e9) == pytest.approx(1 / 2, abs=0.001)
    assert precision_by_age(real, np.zeros(10_000, np.bool_), 500.0) is None
