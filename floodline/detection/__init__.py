"""Detection: pure maths over events, without Kafka, SQL, clock or operating system."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from floodline.detection.half_space_trees import HalfSpaceTrees

__all__ = ["HalfSpaceTrees"]


def __getattr__(name: str) -> object:
    """Public classes are imported when they are asked for: Numba takes half a second."""
    if name == "HalfSpaceTrees":
        from floodline.detection.half_space_trees import HalfSpaceTrees

        return HalfSpaceTrees
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
