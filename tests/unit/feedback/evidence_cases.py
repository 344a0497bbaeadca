"""Evidence for tests: events in the order of their arrival, under one release."""

import numpy as np
from hypothesis import strategies as st

from floodline.feedback.evidence import Answers, Chosen, Epoch, Evidence
from floodline.feedback.review_sampling import Sampling

Events = list[tuple[float, bool | None]]
"""Score and answer of each, the oldest first."""

EVENTS: st.SearchStrategy[Events] = st.lists(
    st.tuples(st.floats(0, 1, width=32), st.sampled_from([None, True, False])), max_size=40
)


def evidence(
    events: Events, *, threshold: float = 0.5, rate: float = 1.0, half_life: float | None = None
) -> Evidence:
    """An event an hour, below the threshold sampled at a rate, one analyst."""
    scores = np.array([score for score, _ in events], dtype=np.float64)
    count = scores.size
    ages = np.arange(count, 0, -1, dtype=np.float64)
    answered = [item for item, (_, answer) in enumerate(events) if answer is not None]
    items = np.array(answered, dtype=np.int64)
    return Evidence(
        chosen=Chosen(
            scores=scores,
            thresholds=np.full(count, threshold),
            releases=np.zeros(count, np.int64),
            places=np.zeros(count, np.int64),
            offsets=np.arange(count, dtype=np.int64),
            ages=ages,
        ),
        answers=Answers.open(
            items=items,
            analysts=np.zeros(items.size, np.int64),
            real=np.array([events[item][1] is True for item in answered], dtype=np.bool_),
            ages=ages[items],
        ),
        epochs=(Epoch(release=0, threshold=threshold, sampling=Sampling.even(rate)),),
        half_life=half_life,
    )
