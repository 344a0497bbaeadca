"""What releases taught, kept for the next question."""

import numpy as np

from feedback_api.lesson_shelf import LessonShelf, TaughtLabels


def _taught(release: int) -> TaughtLabels:
    return TaughtLabels((f"l{release}",), np.zeros((1, 2), np.uint16), np.ones((1, 2)), np.zeros(1))


def test_a_release_is_learnt_once_while_it_is_asked_for() -> None:
    """The releases asked for last are kept, the others are learnt anew."""
    shelf, made = LessonShelf(most=2), list[int]()

    def ask(release: int) -> TaughtLabels:
        def make() -> TaughtLabels:
            made.append(release)
            return _taught(release)

        return shelf.get(release, make)

    assert ask(1) is ask(1)
    ask(2)
    ask(1)
    ask(3)
    assert made == [1, 2, 3]
    assert ask(1).label_ids == ("l1",)
    assert made == [1, 2, 3]
    ask(2)
    assert made == [1, 2, 3, 2]
