"""Tables of leaf weights in the state store: apart from models, and kept as long as they are."""

import hashlib

from floodline.detection.leaf_weights import LeafWeights
from floodline.storage.state_store import StateStore

_FOLDER = "weights"


def write(store: StateStore, weights: LeafWeights) -> str:
    """Keep a table durably; its sha256, which a release names.

    Raises:
        ConfigurationError: the store cannot be written.
        DependencyDown: the store does not answer.
    """
    return store.within(_FOLDER).write(weights.to_bytes())


def digest(weights: LeafWeights) -> str:
    """What `write` gives, without writing."""
    return hashlib.sha256(weights.to_bytes()).hexdigest()


def read(store: StateStore, digest: str) -> LeafWeights:
    """The table with this sha256.

    Raises:
        StateRefused: it is not there, or damaged.
        DependencyDown: the store does not answer.
        ConfigurationError: the store refuses us.
    """
    return LeafWeights.from_bytes(store.within(_FOLDER).read(digest))
