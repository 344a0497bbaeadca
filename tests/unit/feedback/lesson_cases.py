"""Ledgers of labels, drawn at random."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from floodline.feedback.lessons import Lessons
from floodline.feedback.verdicts import Verdict

HEIGHT, TREES = 4, 7
TEACHING_VERDICTS = tuple(verdict for verdict in Verdict if verdict.teaches)


def lessons_of(
    verdicts: list[Verdict], *, seed: int = 0, trees: int = TREES, height: int = HEIGHT
) -> Lessons:
    """A ledger with these verdicts on events of a few cells, by three analysts."""
    random, count = np.random.default_rng(seed), len(verdicts)
    places = random.integers(2**height, size=(4, trees))
    leaves = places[random.integers(4, size=count)] ^ random.integers(2, size=(count, trees))
    return Lessons(
        leaves=leaves.astype(np.uint16),
        excess=random.integers(-8, 128, size=(count, trees)) / 16,
        surprise=random.normal(3.0, 3.0, count),
        verdicts=tuple(verdicts),
        analysts=random.integers(3, size=count),
        trust=random.random(count),
        ages=random.uniform(0.0, 100.0, count),
    )


def without(lessons: Lessons, at: int) -> Lessons:
    """The ledger as if a label had never been."""
    return Lessons(
        leaves=np.delete(lessons.leaves, at, axis=0),
        excess=np.delete(lessons.excess, at, axis=0),
        surprise=np.delete(lessons.surprise, at),
        verdicts=lessons.verdicts[:at] + lessons.verdicts[at + 1 :],
        analysts=np.delete(lessons.analysts, at),
        trust=np.delete(lessons.trust, at),
        ages=np.delete(lessons.ages, at),
    )


def joined(parts: Sequence[Lessons]) -> Lessons:
    """One ledger of several, one behind the other."""
    columns = ("leaves", "excess", "surprise", "analysts", "trust", "ages")
    return Lessons(
        verdicts=tuple(verdict for part in parts for verdict in part.verdicts),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in columns},
    )


ledgers = st.builds(
    lessons_of,
    st.lists(st.sampled_from(TEACHING_VERDICTS), max_size=40),
    seed=st.integers(0, 10_000),
)
"""Ledgers of up to forty labels."""
