"""The form of an API key: `fl_<id>_<secret>`, 256 random bits of which only the sha256 is kept.

A slow hash is for passwords that people choose; nobody guesses 256 random bits.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_FORM = re.compile(r"fl_([0-9a-f]{16})_([0-9a-f]{64})\Z")


@dataclass(frozen=True)
class ApiKey:
    """A key as its owner holds it."""

    id: str
    secret: str

    @classmethod
    def new(cls) -> "ApiKey":
        """A key that nobody has seen."""
        return cls(secrets.token_hex(8), secrets.token_hex(32))

    @classmethod
    def parse(cls, text: str) -> "ApiKey | None":
        """The key that the text spells; None where it spells none."""
        found = _FORM.match(text.strip())
        return cls(found[1], found[2]) if found else None

    @property
    def text(self) -> str:
        """The key as it is shown once and sent each time."""
        return f"fl_{self.id}_{self.secret}"

    @property
    def digest(self) -> str:
        """What is kept of the secret."""
        return digest_of(self.secret)

    def fits(self, digest: str) -> bool:
        """Whether this is the secret behind a digest, in a time that tells nothing of it."""
        return hmac.compare_digest(self.digest, digest)

    def __repr__(self) -> str:
        return f"ApiKey(id={self.id!r})"


def digest_of(secret: str) -> str:
    """The sha256 of a random secret, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()
