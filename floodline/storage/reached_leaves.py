"""Where alerts and samples lie in the forest, read from their explanations."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from floodline.detection import tree_excess
from floodline.detection.parameters import DefaultProfile
from floodline.feedback.leaf_likeness import leaf_likeness, tree_shares
from floodline.storage.tables import AlertRow


class Place(NamedTuple):
    """The leaf that an event reached in each tree, and that tree's excess, (T,) each.

    An explanation of an earlier version tells no excess: then it is 0, and each tree counts alike.
    """

    leaves: NDArray[np.uint16]
    excess: NDArray[np.float64]


@dataclass(frozen=True)
class ReachedLeaves:
    """Events by id, and where each lies, (n, T) each."""

    ids: list[str]
    leaves: NDArray[np.uint16]
    excess: NDArray[np.float64]


def likeness(
    event: Place, others: ReachedLeaves, trees: DefaultProfile, gamma: float
) -> NDArray[np.float64]:
    """How far a label on the event would move each of the others, (n,), as a part of its step."""
    shares = tree_shares(event.excess[np.newaxis, :])
    return leaf_likeness(event.leaves, others.leaves, trees.height, gamma, shares)


def newest(
    session: Session, where: ColumnElement[bool], trees: DefaultProfile, most: int
) -> ReachedLeaves:
    """Those of up to `most` alerts and samples, the last taken in first.

    Events without an explanation are left out, and those with leaves of other trees.
    """
    leaves = AlertRow.explanation["leaves"].as_string()
    excess = AlertRow.explanation["excess"].as_string()
    rows = session.execute(
        select(AlertRow.id, leaves, excess)
        .where(where)
        .order_by(AlertRow.received_at.desc(), AlertRow.id.desc())
        .limit(most)
    )
    return gathered(
        [(id, {"leaves": leaves, "excess": excess}) for id, leaves, excess in rows], trees
    )


def gathered(told: Sequence[tuple[str, dict[str, Any]]], trees: DefaultProfile) -> ReachedLeaves:
    """The same of ids with their explanations."""
    found = [(id, place) for id, each in told if (place := read(each, trees)) is not None]
    leaves = np.zeros((len(found), trees.trees), dtype=np.uint16)
    excess = np.zeros(leaves.shape)
    for at, (_, place) in enumerate(found):
        leaves[at], excess[at] = place
    return ReachedLeaves([id for id, _ in found], leaves, excess)


def read(explanation: dict[str, Any] | None, trees: DefaultProfile) -> Place | None:
    """Where an explanation says that its event lies; None where that is not in these trees."""
    place = told(explanation)
    if place is None or place.leaves.size != trees.trees:
        return None
    return place if int(place.leaves.max()) < 2**trees.height else None


def told(explanation: dict[str, Any] | None) -> Place | None:
    """The same in whatever trees; None where it says nothing that can be read."""
    leaves = (explanation or {}).get("leaves")
    excess = (explanation or {}).get("excess") or ""
    if not isinstance(leaves, str) or not isinstance(excess, str):
        return None
    try:
        reached = np.frombuffer(base64.b64decode(leaves, validate=True), dtype="<u2")
        above = tree_excess.in_bits(base64.b64decode(excess, validate=True))
    except ValueError:  # no alert of ours
        return None
    if not above.size:
        above = np.zeros(reached.size)
    return Place(reached.astype(np.uint16), above) if above.size == reached.size else None
