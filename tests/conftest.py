"""The real services that tests may ask for; each starts at its first use."""

from hypothesis import settings

pytest_plugins = [
    "tests.fixtures.kafka",
    "tests.fixtures.postgres",
    "tests.fixtures.buckets",
    "tests.fixtures.databases",
    "tests.fixtures.browser",
    "tests.fixtures.prometheus",
]

# A slow machine is no failure: what must be fast is measured in benchmarks.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
