"""The leaves that alerts and samples reached, read from their explanations."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from floodline.detection.parameters import DefaultProfile
from floodline.storage.tables import AlertRow


@dataclass(frozen=True)
class ReachedLeaves:
    """Events by id, and the leaf that each reached in each tree, (n, T)."""

    ids: list[str]
    leaves: NDArray[np.uint16]


def newest(
    session: Session, where: ColumnElement[bool], trees: DefaultProfile, most: int
) -> ReachedLeaves:
    """Those of up to `most` alerts and samples, the last taken in first.

    Events without an explanation are left out, and those with leaves of other trees.
    """
    told = AlertRow.explanation["leaves"].as_string()
    rows = session.execute(
        select(AlertRow.id, told)
        .where(where)
        .order_by(AlertRow.received_at.desc(), AlertRow.id.desc())
        .limit(most)
    )
    return gathered([(id, told) for id, told in rows], trees)


def gathered(told: Sequence[tuple[str, str | None]], trees: DefaultProfile) -> ReachedLeaves:
    """The same of ids with the leaves as explanations tell them."""
    found = [(id, leaves) for id, text in told if (leaves := read(text, trees)) is not None]
    stacked = np.zeros((len(found), trees.trees), dtype=np.uint16)
    for place, (_, leaves) in enumerate(found):
        stacked[place] = leaves
    return ReachedLeaves([id for id, _ in found], stacked)


def read(text: object, trees: DefaultProfile) -> NDArray[np.uint16] | None:
    """The leaves in an explanation's text; None where they are none of these trees."""
    if not isinstance(text, str):
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    if len(data) != 2 * trees.trees:
        return None
    leaves = np.frombuffer(data, dtype="<u2").astype(np.uint16)
    return leaves if int(leaves.max()) < 2**trees.height else None
