"""The feedback benchmark's stream whose truth changes."""

from benchmarks.feedback.flipped import flipped, labels_to_recover
from benchmarks.feedback.runs import Task, lived
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
