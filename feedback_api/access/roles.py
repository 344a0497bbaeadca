"""Roles: each may do what the ones before it may."""

from enum import StrEnum


class Role(StrEnum):
    """What a user may do.

    `viewer` reads, `analyst` labels, `engineer` moves the threshold; `admin` is above them, for
    what later needs it.
    """

    VIEWER = "viewer"
    ANALYST = "analyst"
    ENGINEER = "engineer"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)
