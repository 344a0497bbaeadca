"""The form of API keys."""

import pytest

from feedback_api.access.api_key import ApiKey


def test_a_new_key_survives_its_text() -> None:
    """A key is read back from its text, and fits its own digest only."""
    key = ApiKey.new()
    assert ApiKey.parse(f"  {key.text}\n") == key
    assert key.fits(key.digest)
    assert not ApiKey.new().fits(key.digest)


def test_a_key_has_256_random_bits() -> None:
    """The secret is 64 hexadecimal digits, and no two keys share any part."""
    keys = [ApiKey.new() for _ in range(50)]
    assert all(len(key.secret) == 64 for key in keys)
    assert len({key.secret for key in keys} | {key.id for key in keys}) == 100


@pytest.mark.parametrize(
    "text", ["", "fl_", "fl_a_b", "x" * 84, "fl_" + "0" * 16 + "_" + "g" * 64, "Fl_0_0"]
)
def test_what_is_no_key_is_none(text: str) -> None:
    """Other text spells no key."""
    assert ApiKey.parse(text) is None


def test_the_secret_does_not_show_when_printed() -> None:
    """A key in a log line or a traceback tells its id alone."""
    key = ApiKey.new()
    assert key.secret not in repr(key)
    assert key.secret not in f"{key}"
