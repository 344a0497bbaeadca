"""The settings of the model, for each profile its own."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from floodline.configuration.section import Section
from floodline.detection.parameters import (
    DefaultProfile,
    ModelParameters,
    NamedDetector,
    RiverProfile,
)

_PROFILES = {"default": DefaultProfile, "river": RiverProfile, "detector": NamedDetector}


class ModelSection(Section):
    """What scores: floodline's own profile, River's to the bit, or any detector of River's."""

    profile: Literal["default", "river", "detector"] = Field(
        default="default",
        description="`default`; `river`: MinMaxScaler | HalfSpaceTrees to the bit; `detector`: "
        "the one named in `steps`.",
    )
    trees: int | None = Field(
        default=None, ge=1, le=1_000, description="Number of trees; 100, for `river` 10."
    )
    height: int | None = Field(default=None, ge=1, le=15, description="Height of each tree; 8.")
    window: int | None = Field(
        default=None, ge=2, le=100_000, description="Events between two updates of the model; 250."
    )
    memory: int | None = Field(
        default=None, ge=10, le=10_000_000, description="Events that the model remembers; 10000."
    )
    widths: tuple[float, ...] | None = Field(
        default=None, min_length=1, description="Half-widths of trees, in deviations."
    )
    winsor: float | None = Field(
        default=None, ge=1, le=1e6, description="Deviations beyond which a value moves no scale."
    )
    tail: float | None = Field(
        default=None, ge=0, le=1e6, description="Weight of the distance from the mean; 0.25."
    )
    tail_clip: float | None = Field(
        default=None, ge=1, le=1e6, description="Deviations beyond which it no longer grows; 8."
    )
    start: int | None = Field(
        default=None, ge=2, le=10_000, description="Events before the first score; 16."
    )
    warm_up: int | None = Field(
        default=None, ge=0, le=10_000_000, description="Events before the first alert; 250."
    )
    guard: float | None = Field(
        default=None, ge=0, le=0.1, description="Share watched for bursts, not learnt; 0: off."
    )
    guard_patience: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Events of bursts after which the guard gives way.",
    )
    seed: int | None = Field(default=None, description="Fixes the trees and so every score; 42.")
    steps: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="For `detector`: names such as river.anomaly.LocalOutlierFactor, in order.",
    )
    parameters: tuple[dict[str, Any], ...] | None = Field(
        default=None, description="For `detector`: the arguments of each step, in order."
    )

    @model_validator(mode="after")
    def _fits_its_profile(self) -> Self:
        known = set(_PROFILES[self.profile].__struct_fields__)
        foreign = sorted(set(self._given()) - known)
        if foreign:
            raise ValueError(
                f"{', '.join(foreign)}: not a setting of profile {self.profile!r}, which has "
                + ", ".join(sorted(known))
            )
        if self.profile == "detector" and not self.steps:
            raise ValueError(
                "profile 'detector' needs steps = [\"river.anomaly....\"], see docs/detectors.md"
            )
        return self

    def _given(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in self.model_dump(exclude={"profile"}).items()
            if value is not None
        }

    def as_parameters(self) -> ModelParameters:
        """The same as the detection package takes it."""
        made: ModelParameters = _PROFILES[self.profile](**self._given())
        return made
