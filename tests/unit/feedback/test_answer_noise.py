"""Answers of which some are wrong, and what second opinions make of them."""

from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.feedback.answer_noise import LEAST_SECOND, MOST_WRONG, Said, Truth, truth


def said(
    answers: list[tuple[int, bool]], analysts: list[int] | None = None, *, samples: bool = False
) -> Said:
    """Answers in the order in which they were given: the event, and whether it is called real.

    Each answer on an event is another analyst's, if nothing else is told.
    """
    seen, later = Counter[int](), []
    for item, _ in answers:
        later.append(seen[item])
        seen[item] += 1
    blind = np.array(later, np.int64) > 0
    items = np.array([item for item, _ in answers], np.int64)
    return Said(
        items=items,
        analysts=np.array(analysts or later, np.int64),
        real=np.array([real for _, real in answers], np.bool_),
        blind=blind,
        judged=blind if samples else np.bincount(items)[items] > 1,
    )


def asked(seed: int, wrong: float, *, real: float = 0.6, events: int = 2_000) -> tuple[Said, float]:
    """Events of one score, one in five answered twice, and the share of real ones."""
    random = np.random.default_rng(seed)
    is_real = random.random(events) < real
    twice = np.flatnonzero(random.random(events) < 0.2)
    answers = [
        (int(event), bool(is_real[event] ^ (random.random() < wrong)))
        for event in np.concatenate((np.arange(events), twice))
    ]
    first = random.integers(4, size=events)
    analysts = np.concatenate((first, (first[twice] + random.integers(1, 4, twice.size)) % 4))
    return said(answers, analysts.tolist()), float(is_real.mean())


def found(scores: np.ndarray, answers: Said) -> Truth:
    """The truth, where there are second opinions enough."""
    told = truth(scores, answers, (answers.items, answers.analysts, answers.real))
    assert told is not None
    return told


def test_without_second_opinions_answers_are_taken_as_right() -> None:
    """Nobody can tell then how many are wrong."""
    few = [(each % 500, True) for each in range(500 + LEAST_SECOND - 1)]
    answers = said(few)
    now = (answers.items, answers.analysts, answers.real)
    assert truth(np.linspace(0, 1, 500), answers, now) is None


@pytest.mark.parametrize("wrong", [0.0, 0.05, 0.2])
def test_the_share_of_wrong_answers_and_of_real_events_is_found(wrong: float) -> None:
    """As far as chance allows, at one score and 2,000 events."""
    answers, real = asked(7, wrong)
    told = found(np.full(2_000, 0.5), answers)
    assert told.wrong == pytest.approx(wrong, abs=0.02)
    assert np.nanmean(told.real) == pytest.approx(real, abs=0.03)


def test_with_one_answer_each_it_is_the_known_correction() -> None:
    """Rogan and Gladen: (share said - wrong) / (1 - 2 wrong), and never below nothing."""
    answers, _ = asked(3, 0.1, real=0.4)
    told = found(np.full(2_000, 0.5), answers)
    single = np.bincount(answers.items) == 1
    share = float(answers.real[single[answers.items]].mean())
    expected = (share - told.wrong) / (1 - 2 * told.wrong)
    assert told.foreseen[0] == pytest.approx(expected, abs=0.02)


def test_three_who_agree_outweigh_the_rarity_of_real_events() -> None:
    """Far below the threshold one confirmation is most likely wrong; three are not."""
    random = np.random.default_rng(11)
    answers = [(event, bool(random.random() < 0.04)) for event in range(1_000)]
    confirmed = [event for event, real in answers if real]
    answers += [(event, event == confirmed[0]) for event in confirmed for _ in range(2)]
    told = found(np.full(1_000, 0.1), said(answers, samples=True))
    assert told.real[confirmed[0]] > 0.9
    assert told.real[confirmed[1:]].max() < 0.05
    assert np.nansum(told.real) == pytest.approx(1, abs=0.5)


def test_one_who_contradicts_throughout_takes_nobody_along() -> None:
    """Four of five are right; the fifth gives each second opinion, and says the opposite."""
    random = np.random.default_rng(13)
    real = random.random(1_000) < 0.7
    answers = [(event, bool(real[event])) for event in range(1_000)]
    answers += [(event, not real[event]) for event in range(0, 1_000, 10)]
    told = found(np.full(1_000, 0.9), said(answers, [n % 4 for n in range(1_000)] + [4] * 100))
    assert ((told.real > 0.5) == real).all()
    assert told.foreseen[0] == pytest.approx(real.mean(), abs=0.05)


@pytest.mark.parametrize("fifth", ["no", "yes", "opposite"])
def test_one_who_answers_first_by_a_rule_is_judged_too(fifth: str) -> None:
    """The others' second opinions contradict, and it is the first answers that are wrong."""
    random = np.random.default_rng(17)
    real = random.random(2_000) < 0.7
    first = np.arange(2_000) % 5
    by_rule = {"no": np.zeros(2_000, np.bool_), "yes": np.ones(2_000, np.bool_), "opposite": ~real}
    answer = np.where(first == 4, by_rule[fifth], real)
    again = np.arange(0, 2_000, 12)
    second = (first[again] + 1) % 4
    answers = [(event, bool(answer[event])) for event in range(2_000)]
    answers += [(int(event), bool(real[event])) for event in again]
    told = found(np.full(2_000, 0.9), said(answers, [*first.tolist(), *second.tolist()]))
    at_their_word = abs(answer.mean() - real.mean())
    assert abs(told.foreseen[0] - real.mean()) < max(0.06, at_their_word + 0.02)


def test_who_all_contradict_tell_nothing() -> None:
    """Then the share of wrong answers says that it cannot be told whose they are."""
    answers = [(event, event % 2 == 0) for event in range(200)]
    answers += [(event, event % 2 == 1) for event in range(200)]
    told = found(np.full(200, 0.5), said(answers, [n % 3 for n in range(400)]))
    assert told.wrong > MOST_WRONG


def test_agreement_after_reading_does_not_make_answers_better() -> None:
    """The first analyst takes the second's word each time; how often they erred stays known."""
    answers, _ = asked(19, 0.1)
    told = found(np.full(2_000, 0.5), answers)
    last = np.zeros(2_000, np.bool_)
    last[answers.items] = answers.real  # of each event the newest
    settled = (answers.items, answers.analysts, last[answers.items])
    again = truth(np.full(2_000, 0.5), answers, settled)
    assert again is not None
    assert again.wrong == told.wrong
    assert again.foreseen[0] == told.foreseen[0]
    assert not np.array_equal(again.real, told.real)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1_000), st.floats(0, 0.4))
def test_chances_are_chances_rise_with_the_score_and_know_no_order(seed: int, wrong: float) -> None:
    """Whatever is said: between 0 and 1, by rising score, and the same for events renumbered."""
    random = np.random.default_rng(seed)
    scores = random.choice(np.linspace(0, 1, 40), 200)
    answers = said(
        [
            (int(event), bool(random.random() < scores[event]) ^ bool(random.random() < wrong))
            for event in random.integers(200, size=400)
        ]
    )
    told = found(scores, answers)
    known = ~np.isnan(told.real)
    assert set(np.flatnonzero(known)) == set(answers.items.tolist())
    assert ((told.real[known] >= 0) & (told.real[known] <= 1)).all()
    order = np.argsort(scores[known], kind="stable")
    assert (np.diff(told.foreseen[known][order]) >= -1e-9).all()
    place = random.permutation(200)
    moved = msgspec.structs.replace(answers, items=place[answers.items])
    shuffled = np.empty(200)
    shuffled[place] = scores
    again = found(shuffled, moved)
    np.testing.assert_allclose(again.real[place], told.real, atol=1e-6)
    assert again.wrong == pytest.approx(told.wrong, abs=1e-6)


def test_what_may_be_lost_shrinks_with_second_opinions() -> None:
    """How often answers are wrong is known better then."""
    lost = []
    for second in (40, 400):
        random = np.random.default_rng(21)
        real = random.random(2_000) < 0.3
        events = [(event, bool(real[event] ^ (random.random() < 0.05))) for event in range(2_000)]
        events += [(event, bool(real[event] ^ (random.random() < 0.05))) for event in range(second)]
        told = found(np.full(2_000, 0.9), said(events, [n % 5 for n in range(len(events))]))
        lost.append(float(np.abs(told.less.sum())))
    assert lost[0] > 1.5 * lost[1] > 0
