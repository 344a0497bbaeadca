"""The real services that tests may ask for; each starts at its first use."""

pytest_plugins = [
    "tests.fixtures.kafka",
    "tests.fixtures.postgres",
    "tests.fixtures.buckets",
    "tests.fixtures.databases",
    "tests.fixtures.browser",
    "tests.fixtures.prometheus",
]
