"""Releases: which one is in force, and from which event on."""

from collections.abc import Iterable

import msgspec
import structlog

from consumer.ports import Clock, Releases
from consumer.release_contents import ReleaseContents
from consumer.restoration import initial_release
from consumer.task import Task
from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError, DependencyDown, StateRefused
from floodline.events.messages import Release

log = structlog.get_logger(__name__)

_REFUSED_SECONDS = 10.0


class Adoption:
    """Lets the newest release hold in tasks that run, each from its own next event on."""

    def __init__(
        self,
        configuration: Configuration,
        releases: Releases,
        contents: ReleaseContents,
        monotonic: Clock,
    ) -> None:
        self._configuration = configuration
        self._releases = releases
        self._contents = contents
        self._now = monotonic
        self._refused = (-1, 0.0)

    def adopt(self, tasks: Iterable[Task]) -> None:
        """Let the newest release hold in these tasks where an older one does."""
        newest = self._releases.newest() or initial_release(self._configuration)
        for task in tasks:
            if self._waits_after_refusal(newest):
                continue
            if newest.number > task.release.number or self._initial_differs(task, newest):
                self._take_up(task, newest)

    def _waits_after_refusal(self, release: Release) -> bool:
        """A refused release is tried again every ten seconds: what it names may come later."""
        number, again_at = self._refused
        return release.number == number and self._now() < again_at

    def _initial_differs(self, task: Task, newest: Release) -> bool:
        """The configuration moved: the model that learnt its history is no part of that."""
        in_force = msgspec.structs.replace(task.release, model=None)
        return newest.number == in_force.number == 0 and newest != in_force

    def _take_up(self, task: Task, release: Release) -> None:
        try:
            found = self._contents.of(release, task.release)
            task.adopt(release, found.model, found.weights)
        except (StateRefused, DependencyDown, ConfigurationError) as error:
            self._refused = (release.number, self._now() + _REFUSED_SECONDS)
            log.error("release refused", release=release.number, error=str(error))
            return
        log.info(
            "release in force",
            release=release.number,
            kind=release.kind,
            partition=task.partition,
            offset=task.offset,
        )
