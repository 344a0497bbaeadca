"""Is the history that models would learn there? Asked before a partition is."""

import sys

import structlog

from consumer.history import check_columns, parse_history
from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError
from floodline.events.files.opening import open_events

log = structlog.get_logger(__name__)


def check_history(configuration: Configuration) -> None:
    """Find out at the start what would else be found once a partition begins anew.

    Raises:
        ConfigurationError: `consumer.warm_from` names no offset, time or file; or its file is not
            there, cannot be read or lacks a feature.
    """
    given = configuration.consumer.warm_from
    if given is None:
        return
    history = parse_history(given)
    if history.kind == "file":
        try:
            with open_events(str(history.value), None, sys.stdin.buffer) as file:
                check_columns(file, configuration.detector.features)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"consumer.warm_from: {error}; name another history, or none"
            ) from error
    log.info(
        "history is learnt by partitions that begin anew; those with kept state go on without it",
        history=given,
    )
