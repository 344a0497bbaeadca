"""The guard: learns no burst, gives way to a shift, keeps no rare mode out."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.made_streams import BURST, FEATURES, TURN, make
from demo import streams
from floodline.detection.kernels.guard import OPEN, STANCE
from floodline.detection.parameters import DefaultProfile
from floodline.detection.remembering_forest import RememberingForest

NAMES = tuple(f"f{column}" for column in range(FEATURES))
GUARD = 0.02
PATIENCE = DefaultProfile().guard_patience


def bits(rows: NDArray[np.float64], guard: float) -> NDArray[np.float64]:
    """The bits of each event; the first 16 are left out of what is looked at."""
    forest = RememberingForest(DefaultProfile(guard=guard), NAMES)
    scores = forest.score_learn_many(rows)
    scores[:16] = 0.5
    return np.asarray(np.log2(scores / (1.0 - scores)))


def test_a_burst_stays_as_anomalous_as_it_began() -> None:
    """With the guard, the end of 1,000 anomalies in a row scores like their beginning, and tops."""
    stream = make("burst", 1)
    for guard in (GUARD, 0.0):
        found = bits(stream.rows, guard)
        begin = np.median(found[TURN : TURN + 100])
        end = found[TURN + BURST - 100 : TURN + BURST]
        before = found[5_000:TURN]
        if guard:
            assert abs(np.median(end) - begin) < 0.1
            assert end.min() > np.quantile(before, 0.999)
        else:
            assert np.median(end) < begin - 2.0


def test_what_follows_a_burst_is_as_before() -> None:
    """With the guard, usual events after a burst score as if there had been none."""
    stream = make("burst", 2)
    without = stream.rows.copy()
    without[TURN : TURN + BURST] = without[:BURST]
    found = [bits(rows, GUARD)[TURN + BURST :] for rows in (stream.rows, without)]
    assert abs(np.median(found[0][:500]) - np.median(found[1][:500])) < 0.1


def test_the_guard_gives_way_to_a_shift() -> None:
    """It opens once `guard_patience` events were held back, within 1.5 times as many events."""
    rows = make("shift", 1).rows
    rows[TURN:] += 6.0
    forest = RememberingForest(DefaultProfile(guard=GUARD), NAMES)
    forest.score_learn_many(rows[:TURN])
    opened = 0
    for at in range(TURN, len(rows), 50):
        forest.score_learn_many(rows[at : at + 50])
        if forest.memory.numbers[STANCE] == OPEN:
            opened = at + 50 - TURN
            break
    assert PATIENCE <= opened <= 1.5 * PATIENCE
    guarded, free = (bits(rows, guard) for guard in (GUARD, 0.0))
    late = slice(TURN + 4 * PATIENCE, None)
    assert abs(np.median(guarded[late]) - np.median(free[late])) < 0.3


def test_a_slight_shift_needs_no_patience() -> None:
    """3 deviations in a third of the features: scores are back within 3,000 events all the same."""
    found = bits(make("shift", 1).rows, GUARD)
    before = np.quantile(found[TURN - 2_000 : TURN], 0.75)
    assert np.median(found[TURN : TURN + 250]) > before + 1.0
    assert np.median(found[TURN + 3_000 : TURN + 3_250]) < before


def test_a_new_rare_mode_is_learnt_as_without_a_guard() -> None:
    """2 % of the events from a new place: their scores fall with the guard as they do without."""
    stream = make("rare_mode", 1)
    guarded, free = (bits(stream.rows, guard) for guard in (GUARD, 0.0))
    watched = np.flatnonzero(stream.watched)
    first, last = watched[:20], watched[-100:]
    assert np.median(guarded[last]) < np.median(guarded[first]) - 1.0
    assert abs(np.median(guarded[last]) - np.median(free[last])) < 0.2


def test_usual_streams_do_not_notice_the_guard() -> None:
    """Where nothing happens, scores with the guard are those without, one window late."""
    rows = make("gap", 3).rows[:TURN]
    guarded, free = (bits(rows, guard)[5_000:] for guard in (GUARD, 0.0))
    assert np.quantile(np.abs(guarded - free), 0.99) < 0.2
    assert abs(np.median(guarded) - np.median(free)) < 0.02


def test_regular_bursts_open_the_guard() -> None:
    """Bursts that make up a third of the events are no anomaly: they are learnt in the end."""
    rows = make("burst", 4).rows
    burst = rows[TURN : TURN + 250].copy()
    for at in range(TURN, len(rows) - 250, 750):
        rows[at : at + 250] = burst
    found = bits(rows, GUARD)
    last = range(TURN, len(rows) - 250, 750)[-1]
    assert np.median(found[last : last + 250]) < np.median(found[TURN : TURN + 250]) - 2.0


def test_http_a_with_the_guard() -> None:
    """Its bursts of anomalies stand out more with the guard: average precision rises."""
    stream = streams.read("http_a")
    rows = np.array([[row[name] for name in stream.features] for row in stream.rows])
    truth = np.array(stream.truth)
    shares = []
    for guard in (0.0, GUARD):
        forest = RememberingForest(DefaultProfile(guard=guard), stream.features)
        scores = forest.score_learn_many(rows)
        top = np.argsort(-scores, kind="stable")[: truth.sum()]
        shares.append(truth[top].mean())
    assert shares[1] > shares[0] + 0.1, shares
