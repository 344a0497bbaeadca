"""The feedback benchmark: its stream whose truth changes, and what it sums up."""

import numpy as np

from benchmarks.detection.labelled_stream import LabelledStream
from benchmarks.feedback.figures import of_streams
from benchmarks.feedback.flipped import flipped, labels_to_recover
from benchmarks.feedback.runs import Lived, Run, Task, lived
from benchmarks.feedback.streams import Played, of_group
from benchmarks.feedback.variants import LABELS, VARIANTS


def test_what_is_real_changes_half_way() -> None:
    """Two kinds of odd events of about the same number, one real at a time."""
    stream = flipped()
    half = len(stream.rows) // 2
    assert 150 < stream.truth[:half].sum() < 250
    assert 150 < stream.truth[half:].sum() < 250


def test_labels_to_recover_are_counted_from_the_flip() -> None:
    """Eight windows of five labels; the second one after the flip is as good as before."""
    assert labels_to_recover([0, 4, 4, 5, 0, 4, 4, 4], 40) == 5
    assert labels_to_recover([0, 4, 4, 5, 0, 0, 0, 0], 40) is None


def test_a_flipped_concept_is_learnt_within_fifty_labels() -> None:
    """A confirmed region turns benign and a rejected one real: reviews find it again."""
    streams, _ = of_group("flip")
    task = Task(
        played=streams[0], variant=VARIANTS["clean"], methods=("none", "feedback"), seeds=(1,)
    )
    runs = lived(task).runs
    after = labels_to_recover([float(n) for n in runs["feedback"][0].found_by_window], LABELS)
    assert after is not None
    assert after <= 50
    assert runs["feedback"][0].found > 1.5 * runs["none"][0].found


def outcome(stream: str, anomalies: int, plain: int, taught: int) -> Lived:
    """A stream on which so much is found without lessons and with them."""
    return Lived(
        stream=stream,
        group="held out",
        variant="clean",
        anomalies=anomalies,
        runs={
            name: [
                Run(
                    found=found,
                    found_by_window=(found,),
                    average_precision=found / 200,
                    whole_auc=None,
                    whole_ap=None,
                )
            ]
            for name, found in (("none", plain), ("feedback", taught))
        },
    )


def test_streams_without_room_are_told_apart_by_the_plain_forest_alone() -> None:
    """200 labels cannot find 1.6 times 190, nor can anybody find 1.6 times 40 of 50."""
    streams = [
        outcome("nearly_all", 500, 190, 195),
        outcome("few_there", 50, 40, 48),
        outcome("open", 160, 100, 130),
        outcome("worse", 300, 20, 10),
    ]
    found = of_streams(streams, ["none", "feedback"])
    assert found["parts"]["with_room"]["streams"] == 2
    assert found["parts"]["with_room"]["feedback"]["found_ratio"] == (130 + 10) / (100 + 20)
    assert found["feedback"]["found_ratio"] == (195 + 48 + 130 + 10) / (190 + 40 + 100 + 20)
    one = of_streams(streams[:1], ["none", "feedback"])["parts"]
    assert one["with_room"] == one["made"] == {"streams": 0}


def test_streams_of_our_own_making_are_told_apart_from_those_of_others() -> None:
    """Each part with its own ratios, and with what could be found there at all."""
    streams = [outcome("made_ours", 200, 100, 110), outcome("theirs", 200, 20, 50)]
    parts = of_streams(streams, ["none", "feedback"])["parts"]
    assert parts["made"]["feedback"]["found_ratio"] == 1.1
    assert parts["of_others"]["feedback"]["found_ratio"] == 2.5
    assert parts["of_others"]["feedback"]["average_precision_ratio"] == 2.5


def hidden() -> LabelledStream:
    """Real ones are odd in the third feature; the second is at least as odd, and means nothing."""
    random = np.random.default_rng(5)
    rows = random.normal(size=(1_000, 4))
    truth, harmless = random.random((2, 1_000)) < 0.04
    rows[truth, 2] = random.normal(4.0, 0.3, truth.sum())
    rows[harmless, 1] = random.normal(6.0, 0.5, harmless.sum())
    return LabelledStream(rows, truth & ~harmless)


def test_a_classifier_that_is_fitted_anew_says_what_there_is_to_find() -> None:
    """It learns from the same labels, on the features themselves."""
    task = Task(
        played=Played(name="hidden", group="given", in_time=True, load=hidden),
        variant=VARIANTS["clean"],
        methods=("none", "extra_trees"),
        seeds=(1,),
    )
    found = lived(task)
    runs = found.runs
    assert runs["none"][0].found <= found.most <= found.anomalies
    plain, ranked = (runs[name][0].average_precision for name in ("none", "extra_trees"))
    assert plain is not None
    assert ranked is not None
    assert ranked > 2 * plain
