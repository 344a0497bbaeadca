"""What labels taught a forest: a weight for each leaf, as data."""

from typing import Protocol, Self, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.forest_limits import check_parameters
from floodline.detection.parameters import DefaultProfile, ModelParameters
from floodline.detection.state_data import decoded_as
from floodline.errors import StateRefused

FORMAT = "leaf-weights"
VERSION = 1


@runtime_checkable
class Teachable(Protocol):
    """A detector whose leaves can have weights."""

    def teach(self, weights: NDArray[np.float64] | None) -> None:
        """Let each leaf add its weight, (T, 2^h), to its events' lessons; None: no lessons."""
        ...


class _Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    version: int
    parameters: DefaultProfile
    features: list[str]
    table: bytes


class LeafWeights:
    """A table of shape (T, 2^h): what each leaf adds to the lesson of its events, in bits.

    It is meant for trees of the same number, height, widths, seed and features: leaves are the
    same regions there, in deviations, whatever else has changed. Weights are rounded to float32, so
    that they are the same before and after they were written.

    Raises:
        ValueError: the table has another shape, or holds what is no finite number.
    """

    def __init__(
        self, parameters: DefaultProfile, features: tuple[str, ...], table: NDArray[np.float64]
    ) -> None:
        check_parameters(parameters, len(features))
        shape = (parameters.trees, 2**parameters.height)
        with np.errstate(over="ignore"):  # what overflows is refused below
            self.table: NDArray[np.float64] = table.astype(np.float32).astype(np.float64)
        if table.shape != shape or not np.isfinite(self.table).all():
            raise ValueError(f"weights are finite numbers of shape {shape}, not {table.shape}")
        self.parameters, self.features = parameters, features

    def fits(self, parameters: ModelParameters, features: tuple[str, ...]) -> bool:
        """Whether a forest of these parameters and features has the same trees."""
        return (
            isinstance(parameters, DefaultProfile)
            and features == self.features
            and _trees(parameters) == _trees(self.parameters)
        )

    def to_bytes(self) -> bytes:
        """As msgpack; equal weights give equal bytes."""
        return msgspec.msgpack.encode(
            _Data(
                format=FORMAT,
                version=VERSION,
                parameters=self.parameters,
                features=list(self.features),
                table=self.table.astype("<f4").tobytes(),
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What `to_bytes` wrote.

        Raises:
            StateRefused: the bytes are no such weights.
        """
        found = decoded_as(data, _Data, "table of leaf weights", FORMAT, VERSION)
        try:
            check_parameters(found.parameters, len(found.features))
            shape = (found.parameters.trees, 2**found.parameters.height)
            table = np.frombuffer(found.table, dtype="<f4").reshape(shape).astype(np.float64)
            return cls(found.parameters, tuple(found.features), table)
        except ValueError as error:
            raise StateRefused(f"these are no leaf weights: {error}") from error


def _trees(parameters: DefaultProfile) -> tuple[object, ...]:
    """What trees are drawn from."""
    return parameters.trees, parameters.height, parameters.widths, parameters.seed
