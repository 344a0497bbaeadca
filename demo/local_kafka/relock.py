"""Writes `jars.lock` anew: `python -m demo.local_kafka.relock`, for whoever raises a version."""

import sys
import tempfile
from pathlib import Path

from demo.local_kafka.jars import LOCK_NAME, digest

KAFKA = "org.apache.kafka:kafka_2.13:4.1.0"
# The broker logs through slf4j 1.7; these three bind it to log4j 2, as Kafka's own release does.
# They are taken without their dependencies: their bill of materials would lower Kafka's.
LOGGING = tuple(
    f"org.apache.logging.log4j:{artifact}:2.24.3"
    for artifact in ("log4j-api", "log4j-core", "log4j-slf4j-impl")
)
HEADER = (
    "# The jars of the local Kafka with their SHA-256.\n"
    "# Written by `python -m demo.local_kafka.relock`; do not edit.\n"
)


def resolve(repository: Path) -> str:
    """Return the text of the lock for the versions above, fetching each jar into `repository`."""
    from jgo.maven import MavenContext, PythonResolver  # an optional extra

    context = MavenContext(resolver=PythonResolver(), repo_cache=repository)
    inputs, transitive = context.resolver.resolve([context.create_dependency(KAFKA)])
    artifacts = [dependency.artifact for dependency in (*inputs, *transitive)]
    artifacts += [context.create_dependency(name).artifact for name in LOGGING]
    lines = {
        f"{each.groupId}:{each.artifactId}:{each.version} {digest(Path(each.resolve()))}"
        for each in artifacts
    }
    return HEADER + "".join(f"{line}\n" for line in sorted(lines))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        text = resolve(Path(folder))
    Path(__file__).with_name(LOCK_NAME).write_text(text, encoding="utf-8")
    sys.stdout.write(text)
