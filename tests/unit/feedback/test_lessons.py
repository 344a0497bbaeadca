"""What labels teach: order, bounds, and that taken-back labels leave no trace."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from floodline.feedback.leaf_likeness import leaf_likeness
from floodline.feedback.lessons import Lessons, Teaching, taught
from floodline.feedback.verdicts import Verdict
from tests.unit.feedback.lesson_cases import (
    HEIGHT,
    TREES,
    joined,
    ledgers,
    lessons_of,
    without,
)

TEACHES = [verdict for verdict in Verdict if verdict.teaches]
TEACHINGS = st.sampled_from(
    [Teaching(), Teaching(half_life=24.0), Teaching(guarded=False), Teaching(analyst_reach=1.0)]
)
LARGEST_STEP = {"up": 0.5, "down": 0.25, "open": 1.0}


def lesson(table: NDArray[np.float64], leaves: NDArray[np.uint16]) -> float:
    """The lesson g of an event."""
    return float(table[np.arange(table.shape[0]), leaves].sum())


def test_no_labels_teach_nothing() -> None:
    """Zeros, all of which is let through."""
    found = taught(lessons_of([]), HEIGHT, Teaching())
    assert found.table.shape == (TREES, 2**HEIGHT)
    assert not found.table.any()
    assert (found.share, found.agreement, found.predicted) == (1.0, None, 0)


@settings(deadline=None)
@given(lessons=ledgers.filter(lambda each: len(each.verdicts) > 0), teaching=TEACHINGS)
def test_a_label_taken_out_is_as_if_it_had_never_been(lessons: Lessons, teaching: Teaching) -> None:
    """To the bit, whatever was computed in between."""
    at = len(lessons.verdicts) // 2
    before = taught(without(lessons, at), HEIGHT, teaching)
    taught(lessons, HEIGHT, teaching)
    after = taught(without(lessons, at), HEIGHT, teaching)
    assert before.table.tobytes() == after.table.tobytes()
    assert before.steps.tobytes() == after.steps.tobytes()
    assert before.share == after.share


@settings(deadline=None)
@given(lessons=ledgers, teaching=TEACHINGS)
def test_the_table_is_steps_times_likeness(lessons: Lessons, teaching: Teaching) -> None:
    """g(x) = sum_i steps_i K(x, x_i) to 1e-9, guard and bounds included."""
    found = taught(lessons, HEIGHT, teaching)
    for leaves in lessons.leaves[:5]:
        likeness = leaf_likeness(leaves, lessons.leaves, HEIGHT, teaching.gamma, found.shares)
        assert lesson(found.table, leaves) == pytest.approx(found.steps @ likeness, abs=1e-9)


@settings(deadline=None)
@given(lessons=ledgers, teaching=TEACHINGS)
def test_steps_go_the_way_of_the_verdict_and_only_so_far(
    lessons: Lessons, teaching: Teaching
) -> None:
    """Never against it; a label moves no event by more than its step times `farthest`."""
    found = taught(lessons, HEIGHT, teaching)
    for verdict, step in zip(lessons.verdicts, found.steps.tolist(), strict=True):
        assert verdict.teaches is not None
        assert (step >= 0) if verdict.teaches == "up" else (step <= 0)
        assert abs(step) <= LARGEST_STEP[verdict.teaches] * teaching.farthest


@settings(deadline=None, max_examples=300)
@given(lessons=ledgers, teaching=TEACHINGS, seed=st.integers(0, 1_000))
@example(
    # What the guard shuts out here held up what was missed.
    lessons=lessons_of(
        [
            *(Verdict.CONFIRMED, Verdict.CONFIRMED, Verdict.CONFIRMED, Verdict.FALSE_ALARM),
            *(Verdict.MISSED, Verdict.FALSE_ALARM, Verdict.CONFIRMED),
        ],
        seed=0,
    ),
    teaching=Teaching(analyst_reach=1.0),
    seed=0,
)
def test_one_analyst_moves_no_event_further_than_one_may(
    lessons: Lessons, teaching: Teaching, seed: int
) -> None:
    """By `analyst_reach` at most, up or down, on any event."""
    found = taught(lessons, HEIGHT, teaching)
    events = np.random.default_rng(seed).integers(2**HEIGHT, size=(20, TREES)).astype(np.uint16)
    for analyst in range(3):
        theirs = lessons.analysts == analyst
        for leaves in [*events, *lessons.leaves[:5]]:
            told = lessons.leaves[theirs], HEIGHT, teaching.gamma, found.shares[theirs]
            likeness = leaf_likeness(leaves, *told)
            assert abs(found.steps[theirs] @ likeness) <= teaching.analyst_reach + 1e-9


@settings(deadline=None)
@given(
    verdicts=st.lists(
        st.sampled_from(list(Verdict)).filter(lambda each: each.teaches), max_size=20
    ),
    last=st.sampled_from([Verdict.CONFIRMED, Verdict.FALSE_ALARM]),
    seed=st.integers(0, 1_000),
)
def test_one_more_label_moves_every_event_its_own_way(
    verdicts: list[Verdict], last: Verdict, seed: int
) -> None:
    """Without the guard: a rejection raises no lesson, a confirmation lowers none."""
    free = Teaching(guarded=False, analyst_reach=1e9)
    lessons = lessons_of([*verdicts, last], seed=seed)
    after = taught(lessons, HEIGHT, free).table
    before = taught(without(lessons, len(verdicts)), HEIGHT, free).table
    change = (after - before) * (1.0 if last is Verdict.CONFIRMED else -1.0)
    assert change.min() >= -1e-12


def one(verdict: Verdict, *, surprise: float = 5.0, **changed: NDArray[Any]) -> Lessons:
    """A single label on one event, trusted and new."""
    plain = Lessons(
        leaves=np.zeros((1, TREES), np.uint16),
        excess=np.ones((1, TREES)),
        surprise=np.array([surprise]),
        verdicts=(verdict,),
        analysts=np.zeros(1, np.int64),
        trust=np.ones(1),
        ages=np.zeros(1),
    )
    return msgspec.structs.replace(plain, **changed)


@pytest.mark.parametrize(
    ("verdict", "step"),
    [
        (Verdict.CONFIRMED, 0.5 * (12 - 5)),
        (Verdict.MISSED, 0.5 * (12 - 5)),
        (Verdict.KNOWN_ISSUE, 0.5 * (12 - 5)),
        (Verdict.FALSE_ALARM, 0.25 * (-2 - 5)),
        (Verdict.NEW_NORMAL, -2 - 5),
    ],
)
def test_one_label_moves_its_own_event_by_its_step(verdict: Verdict, step: float) -> None:
    """Half of the way to 12 bits, a quarter of the way to -2, or all of it at once."""
    found = taught(one(verdict), HEIGHT, Teaching())
    assert found.steps.tolist() == [pytest.approx(step)]
    assert lesson(found.table, np.zeros(TREES, np.uint16)) == pytest.approx(step)


def test_trust_and_age_shorten_a_step() -> None:
    """Half trusted and two half-lives old: an eighth."""
    whole = taught(one(Verdict.CONFIRMED), HEIGHT, Teaching()).steps[0]
    part = taught(
        one(Verdict.CONFIRMED, trust=np.array([0.5]), ages=np.array([48.0])),
        HEIGHT,
        Teaching(half_life=24.0),
    ).steps[0]
    assert part == pytest.approx(whole / 8)


def test_what_is_said_outright_passes_a_closed_guard() -> None:
    """Where labels contradict each other a missed event and a new normal still teach."""
    said = [Verdict.CONFIRMED, Verdict.FALSE_ALARM] * 30 + [Verdict.NEW_NORMAL, Verdict.MISSED]
    count = len(said)
    lessons = Lessons(
        leaves=np.zeros((count, TREES), np.uint16),
        excess=np.ones((count, TREES)),
        surprise=np.full(count, 5.0),
        verdicts=tuple(said),
        analysts=np.zeros(count, np.int64),
        trust=np.ones(count),
        ages=np.zeros(count),
    )
    found = taught(lessons, HEIGHT, Teaching())
    assert found.share == 0.0
    assert not found.steps[:-2].any()
    assert found.steps[-2] < 0 < found.steps[-1]


@pytest.mark.parametrize("verdict", [Verdict.PLANNED, Verdict.UNSURE])
def test_a_verdict_that_teaches_nothing_is_refused(verdict: Verdict) -> None:
    """It has to be left out, so that it leaves no trace."""
    with pytest.raises(ValueError, match="teaches nothing"):
        taught(one(verdict), HEIGHT, Teaching())


def test_columns_of_other_lengths_are_refused() -> None:
    """Each label has a row of leaves, a z, an analyst, trust and an age."""
    with pytest.raises(ValueError, match="1 verdicts"):
        one(Verdict.CONFIRMED, trust=np.ones(2))
    with pytest.raises(ValueError, match="leaves of 2 events"):
        one(Verdict.CONFIRMED, leaves=np.zeros((2, TREES), np.uint16))
    with pytest.raises(ValueError, match=r"what \(1, 2\) of them found"):
        one(Verdict.CONFIRMED, excess=np.ones((1, 2)))


def test_who_labels_most_does_not_silence_the_others() -> None:
    """Four agree on 200 labels; what a fifth says 400 times over leaves most of that in force."""
    random = np.random.default_rng(5)
    kinds = random.integers(2**HEIGHT, size=(2, TREES))

    def said(count: int, analyst: int, *, wrong: bool) -> Lessons:
        real = random.random(count) < 0.5
        places = kinds[real.astype(int)] ^ (random.random((count, TREES)) < 0.1)
        verdicts = (Verdict.FALSE_ALARM, Verdict.CONFIRMED)
        return Lessons(
            leaves=places.astype(np.uint16),
            excess=np.ones((count, TREES)),
            surprise=random.normal(4.0, 2.0, count),
            verdicts=tuple(verdicts[int(yes != wrong)] for yes in real),
            analysts=np.full(count, analyst),
            trust=np.ones(count),
            ages=np.zeros(count),
        )

    honest = [said(50, analyst, wrong=False) for analyst in range(4)]
    alone = lesson(taught(joined(honest), HEIGHT, Teaching()).table, kinds[1].astype(np.uint16))
    flooded = taught(joined([*honest, said(400, 4, wrong=True)]), HEIGHT, Teaching())
    assert alone > 4.0
    assert lesson(flooded.table, kinds[1].astype(np.uint16)) > 0.5 * alone
    theirs = flooded.steps[200:]
    assert np.abs(theirs).max() < 0.1 * np.abs(flooded.steps[:200]).max()


@pytest.mark.parametrize("told", ["surprise", "excess", "trust", "ages"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(told: str, value: float) -> None:
    """One such label would undo all others."""
    plain = one(Verdict.CONFIRMED)
    with pytest.raises(ValueError, match="finite numbers alone"):
        msgspec.structs.replace(plain, **{told: np.full_like(getattr(plain, told), value)})


def test_leaves_that_the_trees_lack_are_refused() -> None:
    """They are another model's."""
    with pytest.raises(ValueError, match="no leaf 16"):
        taught(one(Verdict.CONFIRMED, leaves=np.full((1, TREES), 16, np.uint16)), 4, Teaching())


def test_what_each_verdict_teaches() -> None:
    """Real ones pull up, false alarms down, the new usual opens; the rest leaves no trace."""
    assert {verdict.value: verdict.teaches for verdict in Verdict} == {
        "confirmed": "up",
        "known_issue": "up",
        "planned": None,
        "false_alarm": "down",
        "new_normal": "open",
        "missed": "up",
        "unsure": None,
    }
