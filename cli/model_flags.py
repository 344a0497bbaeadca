"""The model of a run without Kafka: the configuration's, with flags over it."""

from typing import Any

import msgspec

from floodline.detection.parameters import DefaultProfile, ModelParameters, RiverProfile
from floodline.errors import ConfigurationError

PROFILES: dict[str, type[DefaultProfile] | type[RiverProfile]] = {
    "default": DefaultProfile,
    "river": RiverProfile,
}


class ModelFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What was said on the command line; None was not."""

    profile: str | None = None
    trees: int | None = None
    height: int | None = None
    window: int | None = None
    memory: int | None = None
    seed: int | None = None

    def over(self, configured: ModelParameters | None) -> ModelParameters:
        """The configured parameters, or the default profile's, with these over them.

        Another profile than the configured one starts from its own defaults.

        Raises:
            ConfigurationError: the profile has no such parameter.
        """
        base = configured if configured is not None else DefaultProfile()
        if self.profile is not None and self.profile != profile_of(base):
            base = PROFILES[self.profile]()
        given: dict[str, Any] = {
            name: value
            for name, value in msgspec.structs.asdict(self).items()
            if name != "profile" and value is not None
        }
        for name in given:
            if name not in base.__struct_fields__:
                raise ConfigurationError(
                    f"--{name}: the profile {profile_of(base)!r} has no {name}; its parameters: "
                    f"{', '.join(base.__struct_fields__)}"
                )
        return msgspec.structs.replace(base, **given)


def profile_of(parameters: ModelParameters) -> str:
    """The profile's name: default, river or detector."""
    return str(parameters.__struct_config__.tag)
