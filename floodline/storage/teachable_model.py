"""The model in force as labels can teach it, and whose alerts tell leaves of its trees."""

import hashlib
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from floodline.detection.leaf_weights import LeafWeights
from floodline.detection.parameters import DefaultProfile, ModelParameters
from floodline.events.messages import Release
from floodline.storage import releases
from floodline.storage.tables import ReleaseRow

_TREES, _SINCE = "trees", "since"
_MOST_MODELS = 1_000


class TeachableModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that labels can teach.

    Attributes:
        features: its columns, in their order.
        since: the first release under which alerts tell leaves of these trees.
        trees: tells its trees from others: by their number, height, widths, seed and features.
    """

    parameters: DefaultProfile
    features: tuple[str, ...]
    since: int
    trees: str

    def figures(self) -> dict[str, Any]:
        """What a release of kind `teaching` notes, so that the next one knows."""
        return {_TREES: self.trees, _SINCE: self.since}


def in_force(
    session: Session, detector: str, configured: ModelParameters, features: tuple[str, ...]
) -> TeachableModel | None:
    """The model that the newest release is meant for; None where labels cannot teach it.

    Trees follow from their parameters and the features, so models that were retrained with the same
    ones share them, and labels on alerts of the older one hold for the newer. `configured` is the
    model before any retrained one; where the configuration was changed without a retrain, alerts
    up to the last release that taught the trees of before are left out.
    """
    features = tuple(sorted(features))
    models = _models(session, detector, configured)
    parameters = models[0][1]
    if not isinstance(parameters, DefaultProfile):
        return None
    same = _empty(parameters, features)
    since = models[0][0]
    for number, other in models:
        if not same.fits(other, features):
            break
        since = number
    trees = _fingerprint(parameters, features)
    since = max(since, _since_taught(session, detector, trees))
    return TeachableModel(parameters=parameters, features=features, since=since, trees=trees)


def _models(
    session: Session, detector: str, configured: ModelParameters
) -> list[tuple[int, ModelParameters]]:
    """The first release of each model and its parameters, the newest first."""
    chosen = (
        select(ReleaseRow)
        .where(ReleaseRow.detector == detector, ReleaseRow.kind == "retrain")
        .order_by(ReleaseRow.number.desc())
        .limit(_MOST_MODELS)
    )
    found = [(row.number, releases.message(row)) for row in session.scalars(chosen)]
    named = [(number, _parameters(release, configured)) for number, release in found]
    return named if len(named) == _MOST_MODELS else [*named, (0, configured)]


def _parameters(release: Release, configured: ModelParameters) -> ModelParameters:
    return configured if release.model is None else release.model.parameters


def _since_taught(session: Session, detector: str, trees: str) -> int:
    """What the last release that taught says of these trees; the one after it, if of others."""
    last = session.scalar(
        select(ReleaseRow)
        .where(ReleaseRow.detector == detector, ReleaseRow.kind == releases.TEACHING)
        .order_by(ReleaseRow.number.desc())
        .limit(1)
    )
    if last is None:
        return 0
    if last.figures.get(_TREES) != trees:
        return last.number + 1
    return int(last.figures[_SINCE])


def _empty(parameters: DefaultProfile, features: tuple[str, ...]) -> LeafWeights:
    return LeafWeights(parameters, features, np.zeros((parameters.trees, 2**parameters.height)))


def _fingerprint(parameters: DefaultProfile, features: tuple[str, ...]) -> str:
    drawn = (parameters.trees, parameters.height, parameters.widths, parameters.seed, features)
    return hashlib.sha256(msgspec.json.encode(drawn)).hexdigest()[:16]
