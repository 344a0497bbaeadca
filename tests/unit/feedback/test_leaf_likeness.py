"""The leaf kernel, and its tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from floodline.feedback.leaf_likeness import depth_shares, leaf_likeness, leaf_table, tree_shares

HEIGHT, TREES = 5, 6


def drawn(count: int, seed: int) -> NDArray[np.uint16]:
    """Leaves of events."""
    random = np.random.default_rng(seed)
    return random.integers(2**HEIGHT, size=(count, TREES)).astype(np.uint16)


def by_definition(one: NDArray[np.uint16], other: NDArray[np.uint16], gamma: float) -> float:
    """The kernel, level by level."""
    shares, total = depth_shares(HEIGHT, gamma), 0.0
    for x, y in zip(one.tolist(), other.tolist(), strict=True):
        for depth in range(1, HEIGHT + 1):
            if x >> (HEIGHT - depth) == y >> (HEIGHT - depth):
                total += shares[depth - 1]
    return total / TREES


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), gamma=st.sampled_from([0.0, 0.3, 0.7, 1.0]))
def test_it_is_the_kernel_of_the_definition(seed: int, gamma: float) -> None:
    """Level by level; in [0, 1], and exactly 1 with itself."""
    leaves = drawn(8, seed)
    found = leaf_likeness(leaves[0], leaves, HEIGHT, gamma)
    assert found[0] == 1.0
    assert ((found >= 0) & (found <= 1)).all()
    for other, likeness in zip(leaves, found, strict=True):
        assert likeness == pytest.approx(by_definition(leaves[0], other, gamma), abs=1e-12)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), gamma=st.sampled_from([0.0, 0.3, 1.0]))
def test_a_table_sums_to_steps_times_likeness(seed: int, gamma: float) -> None:
    """Primal and dual agree to 1e-9 on every event."""
    leaves, events = drawn(30, seed), drawn(10, seed + 1)
    steps = np.random.default_rng(seed).normal(0.0, 5.0, 30)
    shares = tree_shares(np.random.default_rng(seed).normal(0.0, 3.0, leaves.shape))
    table = leaf_table(leaves, steps, HEIGHT, gamma, shares)
    for event in events:
        primal = table[np.arange(TREES), event].sum()
        assert primal == pytest.approx(
            steps @ leaf_likeness(event, leaves, HEIGHT, gamma, shares), abs=1e-9
        )


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_trees_that_found_an_event_odd_count_most(seed: int) -> None:
    """Shares of an event add up to 1, none is 0, and they rise with what a tree found."""
    excess = np.random.default_rng(seed).normal(0.0, 4.0, (6, TREES))
    shares = tree_shares(excess)
    assert shares.sum(axis=1) == pytest.approx(np.ones(6))
    assert (shares > 0.0).all()
    for found, share in zip(excess, shares, strict=True):
        order = np.argsort(found)
        assert (np.diff(share[order]) >= 0.0).all()


def test_a_crowd_in_other_trees_is_no_likeness() -> None:
    """An event that one tree found odd is alike what that tree puts with it, and little else."""
    label = np.zeros((1, TREES), np.uint16)
    shares = tree_shares(np.array([[4.0, *[0.0] * (TREES - 1)]]))
    odd, crowd = np.full(TREES, 2**HEIGHT - 1, np.uint16), np.zeros(TREES, np.uint16)
    odd[0], crowd[0] = 0, 2**HEIGHT - 1
    assert leaf_likeness(odd, label, HEIGHT, 0.3, shares)[0] > 0.95
    assert leaf_likeness(crowd, label, HEIGHT, 0.3, shares)[0] < 0.05


def test_no_events_make_a_table_of_zeros() -> None:
    """Of the right shape."""
    table = leaf_table(drawn(0, 0), np.empty(0), HEIGHT, 0.3, np.empty((0, TREES)))
    assert table.shape == (TREES, 2**HEIGHT)
    assert not table.any()


@pytest.mark.parametrize(("height", "gamma"), [(0, 0.3), (17, 0.3), (8, -0.1), (8, 1.1)])
def test_what_is_no_kernel_is_refused(height: int, gamma: float) -> None:
    """Trees of 1 to 16 levels, gamma in [0, 1]."""
    with pytest.raises(ValueError, match=r"trees have|gamma lies"):
        depth_shares(height, gamma)
