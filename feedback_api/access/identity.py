"""Who a request comes from."""

from dataclasses import dataclass
from typing import Literal

from feedback_api.access.roles import Role

LOCAL_USER = "local"
"""The user of everybody when `api.auth` is `none`."""


@dataclass(frozen=True)
class Identity:
    """A user, and how they showed who they are."""

    user_id: str
    name: str
    role: Role
    shown_by: Literal["key", "session", "none"]
