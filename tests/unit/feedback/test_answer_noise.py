"""Answers of which some are wrong, and what second opinions make of them."""

from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.feedback.answer_noise import LEAST_SECOND, Said, Truth, truth


def said(answers: list[tuple[int, bool]], analysts: list[int] | None = None) -> Said:
    """Answers in the order in which they were given: the event, and whether it is called real.

    Each answer on an event is another analyst's, if nothing else is told.
    """
    seen, later = Counter[int](), []
    for item, _ in answers:
        later.append(seen[item])
        seen[item] += 1
    return Said(
        analysts=np.array(analysts or later, np.int64),
        items=np.array([item for item, _ in answers], np.int64),
        real=np.array([real for _, real in answers], np.bool_),
        later=np.array(later, np.int64) > 0,
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
    told = truth(scores, answers)
    assert told is not None
    return told


def test_without_second_opinions_answers_are_taken_as_right() -> None:
    """Nobody can tell then how many are wrong."""
    few = [(each % 500, True) for each in range(500 + LEAST_SECOND - 1)]
    assert truth(np.linspace(0, 1, 500), said(few)) is None


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
    once = Said(
        items=answers.items[single[answers.items]],
        analysts=np.zeros(int(single[answers.items].sum()), np.int64),
        real=answers.real[single[answers.items]],
        later=np.zeros(int(single.sum()), np.bool_),
    )
    share = float(once.real.mean())
    expected = (share - told.wrong) / (1 - 2 * told.wrong)
    assert told.foreseen[0] == pytest.approx(expected, abs=0.02)


def test_three_who_agree_outweigh_the_rarity_of_real_events() -> None:
    """Far below the threshold one confirmation is most likely wrong; three are not."""
    random = np.random.default_rng(11)
    answers = [(event, bool(random.random() < 0.04)) for event in range(1_000)]
    confirmed = [event for event, real in answers if real]
    answers += [(event, event == confirmed[0]) for event in confirmed for _ in range(2)]
    told = found(np.full(1_000, 0.1), said(answers))
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
