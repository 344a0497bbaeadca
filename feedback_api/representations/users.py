"""Users as JSON."""

from pydantic import BaseModel

from feedback_api.access.identity import Identity


class Me(BaseModel):
    """Who the caller is; `shown_by` is `key`, `session` or `none`."""

    name: str
    role: str
    shown_by: str

    @classmethod
    def of(cls, identity: Identity) -> "Me":
        """The identity as it is shown."""
        return cls(name=identity.name, role=identity.role, shown_by=identity.shown_by)
