"""The feedback benchmark: its stream whose truth changes, and what it sums up."""

from benchmarks.feedback.figures import of_streams
from benchmarks.feedback.flipped import flipped, labels_to_recover
from benchmarks.feedback.runs import Lived, Run, Task, lived
from benchmarks.feedback.streams import of_group
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
    assert found["with_room"]["streams"] == 2
    assert found["with_room"]["feedback"]["found_ratio"] == (130 + 10) / (100 + 20)
    assert found["feedback"]["found_ratio"] == (195 + 48 + 130 + 10) / (190 + 40 + 100 + 20)
    assert of_streams(streams[:1], ["none", "feedback"])["with_room"] == {"streams": 0}
