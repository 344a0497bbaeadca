"""What makes a forest: a value that two runs can share."""

import msgspec


class ForestParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of River's `HalfSpaceTrees` behind its `MinMaxScaler`.

    Attributes:
        trees: number of trees.
        height: height of each tree; a tree has `2 ** (height + 1) - 1` nodes.
        window: events after which the latest masses become the reference masses.
        seed: fixes the trees, and so every score.

    Source: Tan, Ting, Liu, "Fast anomaly detection for streaming data", IJCAI 2011.
    """

    trees: int = 10
    height: int = 8
    window: int = 250
    seed: int = 42
