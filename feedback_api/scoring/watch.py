"""Looks at the scoring group's committed offsets, again and again."""

from collections.abc import Callable

import structlog

from feedback_api.ports import Clock, CommittedOffset, ScoringOffsets
from feedback_api.scoring.last_heard import LastHeard
from feedback_api.scoring.progress import PartitionProgress, Progress, read_partition
from feedback_api.worker import Signal

_LOOK_SECONDS = 2.0
_log = structlog.get_logger(__name__)


class ScoringWatch:
    """The work of the watching thread."""

    def __init__(
        self, open_offsets: Callable[[], ScoringOffsets], heard: LastHeard, *, clock: Clock
    ) -> None:
        self._open_offsets = open_offsets
        self._heard = heard
        self._clock = clock
        self._unreadable: set[int] = set()

    def attempt(self, signal: Signal) -> None:
        """Look every two seconds, until the signal says stop.

        Raises:
            DependencyDown: Kafka does not answer; the last answer stays.
        """
        offsets = self._open_offsets()
        while not signal.stopping:
            self._heard.put(self._look(offsets))
            signal.up()
            signal.wait(_LOOK_SECONDS)

    def _look(self, offsets: ScoringOffsets) -> Progress:
        found: list[PartitionProgress] = []
        unreadable: set[int] = set()
        for committed in sorted(offsets.read(), key=lambda each: each.partition):
            progress = read_partition(committed)
            if progress is None:
                unreadable.add(committed.partition)
                self._tell(committed)
            else:
                found.append(progress)
        self._unreadable = unreadable
        return Progress(self._clock(), tuple(found), tuple(sorted(unreadable)))

    def _tell(self, committed: CommittedOffset) -> None:
        """Say once that a partition cannot be read, and again only if it could in between."""
        if committed.partition not in self._unreadable:
            _log.warning(
                "an offset of the scoring group was not committed by this floodline; "
                "its partition is left out until `floodline consume` commits there",
                partition=committed.partition,
                offset=committed.offset,
            )
