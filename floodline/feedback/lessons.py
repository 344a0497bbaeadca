"""What labels teach the forest: a weight for each leaf, computed from all of them in order."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.feedback.label_agreement import RECENT, Guard, came_as_foretold, guard, in_turn
from floodline.feedback.leaf_likeness import Leaves, depth_shares, leaf_table, tree_shares
from floodline.feedback.lesson_worth import lesson_worth
from floodline.feedback.verdicts import Lesson, Verdict

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]

_OUTRIGHT = (Verdict.MISSED, Verdict.NEW_NORMAL)
"""What says by itself that the plain forest was wrong: it does not wait for others to agree."""
_BLOCK = 256
"""Labels whose ways through the trees are looked up at once: as much memory as one needs anyway."""


class Teaching(msgspec.Struct, frozen=True, kw_only=True):
    """How far a label moves the events that are like its own; bits are those of the score.

    Attributes:
        gamma: what a level counts, as a part of the next deeper one; 0: leaves alone.
        high: bits above the usual to which a confirmation pulls its event.
        low: bits to which a rejection pulls it.
        step_up, step_down, step_open: share of the way that one label goes: a confirmation, a
            rejection, the verdict that something is the new usual.
        farthest: the longest way that a label sees, in bits; one moves no event further than its
            step times this.
        analyst_reach: the most that one analyst's labels together add to any event, or take away,
            in bits.
        half_life: hours after which a label counts half; None: age does not matter.
        guarded: whether lessons are let through only as far as labels agree with them, and only
            as far as they foretell labels better than surprise does.
    """

    gamma: float = 0.3
    high: float = 12.0
    low: float = -2.0
    step_up: float = 0.5
    step_down: float = 0.25
    step_open: float = 1.0
    farthest: float = 16.0
    analyst_reach: float = 24.0
    half_life: float | None = None
    guarded: bool = True


class Lessons(msgspec.Struct, frozen=True, kw_only=True):
    """The labels that teach, in the order of the ledger: by their time, then by their number.

    Attributes:
        leaves: that each label's event reaches in each tree, (n, T).
        excess: bits by which each tree found it rarer than an ordinary one, e, (n, T).
        surprise: its bits above the usual when it was scored, z, (n,).
        verdicts: n of them; each one teaches.
        analysts: a number for each analyst, (n,).
        trust: how much of each label's step is made, 0 to 1, (n,).
        ages: hours since each label, (n,).
    """

    leaves: Leaves
    excess: Numbers
    surprise: Numbers
    verdicts: tuple[Verdict, ...]
    analysts: Integers
    trust: Numbers
    ages: Numbers

    def __post_init__(self) -> None:
        count = len(self.verdicts)
        columns = (self.surprise, self.analysts, self.trust, self.ages)
        if self.leaves.ndim != 2 or {each.shape for each in columns} | {(count,)} != {(count,)}:
            raise ValueError(f"{count} verdicts need as many rows of leaves and of all the rest")
        if len(self.leaves) != count or self.excess.shape != self.leaves.shape:
            raise ValueError(
                f"{count} verdicts cannot have the leaves of {len(self.leaves)} events, "
                f"with what {self.excess.shape} of them found"
            )
        if not all(np.isfinite(each).all() for each in (*columns, self.excess)):
            raise ValueError("labels teach by finite numbers alone; leave the others out")


class Taught(msgspec.Struct, frozen=True, kw_only=True):
    """What the labels came to; g(x), an event's lesson, is the sum of the table over its leaves.

    Attributes:
        table: (T, 2 ** height), bits, shared out among the trees and let through.
        steps: of each label, (n,), so that g(x) = sum_i steps_i K(x, x_i), with K from
            `leaf_likeness` and `shares`; at least 0 where a label pulls up, else at most 0.
        shares: what each tree counts of each label's event, (n, T), from `tree_shares`.
        share: how much is let through of confirmations and rejections, 0 to 1; what was missed
            and what is the new usual passes whole.
        agreement: share of the labels foretold by those before them that came as foretold; None
            where none was.
        predicted: how many were foretold.
    """

    table: Numbers
    steps: Numbers
    shares: Numbers
    share: float
    agreement: float | None
    predicted: int


def taught(lessons: Lessons, height: int, teaching: Teaching) -> Taught:
    """Learn all labels anew, in their order: the same ones give the same bits.

    Each label i moves the lesson of its event, g_i as the labels before it left it, towards the
    verdict's aim (a passive-aggressive step in the space of the kernel K)::

        confirmed, missed, known issue:  e_i = max(0, high - (z_i + g_i)),  a_i = step_up   e_i
        false alarm:                     e_i = min(0, low - (z_i + g_i)),   a_i = step_down e_i
        new normal:                      the same e_i,                      a_i = step_open e_i
        every other event:               g(x) += a_i K(x, x_i)

    with |e_i| at most `farthest`, and a_i times trust, times 2^(-age / half_life), times what the
    guard lets through of its analyst (`label_agreement`). All but those of events that were missed
    or are the new usual are made smaller by the guard, and by what lessons have been worth beside
    surprise (`lesson_worth`); then those of an analyst whose labels add up to more than
    `analyst_reach` anywhere are, together.

    A label that is taken out leaves no trace, since nothing is kept from one call to the next.
    20,000 labels on 100 trees of height 8 take about a second.

    **Bounds.** A label's own step moves any event by `farthest` times its pace at most (K is at
    most 1), one analyst's steps together by `analyst_reach`. Beside that a label has a say in how
    much of all lessons passes.

    **When it fails.** Rejections in many neighbouring coarse cells add up and pull down what was
    never labelled (the published score has a floor for that); a label's cells are regions of the
    trees, so that what no tree tells apart is taught together; wrong labels teach wrongly until
    they contradict each other often enough for the guard.

    Sources: the step: Crammer, Dekel, Keshet, Shalev-Shwartz, Singer, "Online passive-aggressive
    algorithms", JMLR 7, 2006. Weights of leaves moved by an analyst's answers: Das, Wong, Fern,
    Dietterich, Siddiqui, "Incorporating feedback into tree-based anomaly detection", 2017;
    Siddiqui, Fern, Dietterich, Wright, Theriault, Archer, "Feedback-guided anomaly discovery via
    online optimization", KDD 2018.
    """
    if lessons.leaves.size and int(lessons.leaves.max()) >= 2**height:
        raise ValueError(f"trees of {height} levels have no leaf {int(lessons.leaves.max())}")
    kinds = tuple(_lesson(each) for each in lessons.verdicts)
    up = np.array([kind == "up" for kind in kinds], np.bool_)
    guarded = Guard(share=1.0, by_label=np.ones(up.size))
    if teaching.guarded:
        guarded = guard(lessons.leaves, up, lessons.analysts, height, teaching.gamma)
    shares = tree_shares(lessons.excess)
    paces = _paces(lessons, kinds, teaching) * guarded.by_label
    foretold, steps = _replayed(lessons, kinds, paces, shares, height, teaching)
    share = guarded.share
    if teaching.guarded:
        trust = lessons.trust * guarded.by_label
        share *= lesson_worth(
            lessons.surprise, foretold, up, trust, in_turn(lessons.analysts, RECENT)
        )
    said_outright = np.array([each in _OUTRIGHT for each in lessons.verdicts], np.bool_)
    steps *= np.where(said_outright, 1.0, share)
    # Last: what is made smaller before may have held up something else.
    _hold_each_analyst(steps, lessons, shares, height, teaching)
    agreed, predicted = came_as_foretold(foretold, up)
    return Taught(
        table=leaf_table(lessons.leaves, steps, height, teaching.gamma, shares),
        steps=steps,
        shares=shares,
        share=share,
        agreement=agreed,
        predicted=predicted,
    )


def _lesson(verdict: Verdict) -> Lesson:
    lesson = verdict.teaches
    if lesson is None:
        raise ValueError(f"a label that says {verdict.value} teaches nothing; leave it out")
    return lesson


def _replayed(
    lessons: Lessons,
    kinds: tuple[Lesson, ...],
    paces: Numbers,
    shares: Numbers,
    height: int,
    teaching: Teaching,
) -> tuple[Numbers, Numbers]:
    """Each label's lesson as those before it left it, and its own step.

    Weights are kept by node, so that a label touches `height` of them in each tree.
    """
    count, trees = lessons.leaves.shape
    foretold, steps = np.zeros(count), np.zeros(count)
    weights = np.zeros(trees << (height + 1))
    levels = depth_shares(height, teaching.gamma)
    aims = [teaching.high if kind == "up" else teaching.low for kind in kinds]
    for start in range(0, count, _BLOCK):
        ways = _ways(lessons.leaves[start : start + _BLOCK], height)
        for at, way in enumerate(ways, start=start):
            lesson = float(weights[way].sum())
            gap = aims[at] - (float(lessons.surprise[at]) + lesson)
            gap = max(gap, 0.0) if kinds[at] == "up" else min(gap, 0.0)
            gap = min(max(gap, -teaching.farthest), teaching.farthest)
            foretold[at], steps[at] = lesson, paces[at] * gap
            weights[way] += steps[at] * np.outer(levels, shares[at]).ravel()
    return foretold, steps


def _paces(lessons: Lessons, kinds: tuple[Lesson, ...], teaching: Teaching) -> Numbers:
    """The share of the way to its aim that each label goes."""
    by_kind = {"up": teaching.step_up, "down": teaching.step_down, "open": teaching.step_open}
    paces = lessons.trust * np.array([by_kind[kind] for kind in kinds], np.float64)
    if teaching.half_life is not None:
        paces *= np.exp2(-lessons.ages / teaching.half_life)
    return np.asarray(paces)


def _ways(leaves: Leaves, height: int) -> Integers:
    """The nodes above each event's leaves, level by level from the first split, (n, h T)."""
    count, trees = leaves.shape
    levels = np.arange(1, height + 1)[:, np.newaxis]
    first = (np.arange(trees) << (height + 1)) + (1 << levels)
    below = leaves.astype(np.int64)[:, np.newaxis, :] >> (height - levels)
    return np.asarray((first + below).reshape(count, height * trees))


def _hold_each_analyst(
    steps: Numbers, lessons: Lessons, shares: Numbers, height: int, teaching: Teaching
) -> None:
    """Shrink, in place, the steps of who could move some event by more than one analyst may."""
    for analyst in np.unique(lessons.analysts):
        theirs = np.flatnonzero(lessons.analysts == analyst)
        if np.abs(steps[theirs]).sum() <= teaching.analyst_reach:
            continue
        leaves, own = lessons.leaves[theirs], shares[theirs]
        table = leaf_table(leaves, steps[theirs], height, teaching.gamma, own)
        reach = max(table.max(axis=1).sum(), -table.min(axis=1).sum())
        if reach > teaching.analyst_reach:
            steps[theirs] *= teaching.analyst_reach / reach
