"""What a release names by sha256, read from the state store: its model, and its leaf weights."""

import msgspec

from floodline.detection.leaf_weights import LeafWeights
from floodline.detection.scorer import Scorer
from floodline.errors import StateRefused
from floodline.events.messages import Release
from floodline.storage import weight_tables
from floodline.storage.state_store import StateStore

_TABLES = 4
"""Tables of weights that are held: all partitions take a release up at about the same time."""


class Contents(msgspec.Struct, frozen=True):
    """What comes with a release.

    Attributes:
        model: the one that it installs; None where the partition's own goes on.
        weights: what labels taught; None where the release has none.
    """

    model: Scorer | None = None
    weights: LeafWeights | None = None


class ReleaseContents:
    """Reads what releases name, a table of weights once for all partitions."""

    def __init__(self, store: StateStore, features: tuple[str, ...]) -> None:
        self._store = store
        self._features = features
        self._tables: dict[str, LeafWeights] = {}

    def of(self, release: Release, in_force: Release | None) -> Contents:
        """All that comes with `release` where `in_force` holds; None: nothing holds yet.

        Raises:
            StateRefused: a part is not in the store, damaged, or of other features or parameters.
            DependencyDown: the store does not answer.
            ConfigurationError: the store refuses us.
        """
        return Contents(self._model_of(release, in_force), self.weights_of(release))

    def weights_of(self, release: Release) -> LeafWeights | None:
        """The table of weights alone; raises as `of` does."""
        if release.weights is None:
            return None
        digest = release.weights.sha256
        found = self._tables.get(digest)
        if found is None:
            found = weight_tables.read(self._store, digest)
            self._tables[digest] = found
            for oldest in list(self._tables)[:-_TABLES]:
                del self._tables[oldest]
        return found

    def _model_of(self, release: Release, in_force: Release | None) -> Scorer | None:
        """The model that `release` installs.

        Every release names the model that it was made for, so a consumer that heard of several at
        once ends with the right one; where that model is in force already it goes on learning.
        """
        if release.model is None:
            return None
        running = in_force.model if in_force is not None else None
        if running is not None and running.state_sha256 == release.model.state_sha256:
            return None
        scorer = Scorer.from_state(self._store.read(release.model.state_sha256))
        if set(scorer.features) != set(self._features):
            raise StateRefused(
                f"the model of release {release.number} knows the features "
                f"{list(scorer.features)}, the detector has {sorted(self._features)}"
            )
        if scorer.parameters != release.model.parameters:
            raise StateRefused(
                f"the model of release {release.number} was made with {scorer.parameters}, "
                f"the release says {release.model.parameters}"
            )
        return scorer
