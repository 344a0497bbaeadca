"""Roles: each may do what the ones before it may."""

from enum import StrEnum


class Role(StrEnum):
    """What a user may do.

    `viewer` reads, `analyst` labels; `engineer` and `admin` are above both, for what later needs
    them.
    """

    VIEWER = "viewer"
    ANALYST = "analyst"
    ENGINEER = "engineer"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)
