"""What a run of the fault suite comes to, in one line."""

from dataclasses import dataclass, field

from tests.fixtures.accounting import assert_every_record_once
from tests.fixtures.consumer_process import Outcome
from tests.fixtures.scoring_reference import Expected, Reference, score_offline


def quantile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass
class Verdict:
    """Sums over all scenarios: faults done, records misaccounted, seconds of recovery."""

    seed: int
    scenarios: int = 0
    kills: int = 0
    events: int = 0
    lost: int = 0
    doubled: int = 0
    different: int = 0
    recoveries: dict[str, list[float]] = field(default_factory=dict)

    def account(self, outcome: Outcome) -> dict[int, Reference]:
        """The oracle: every record once, and equal; what is not is counted before it fails."""
        self.scenarios += 1
        try:
            expected = assert_every_record_once(outcome)
        except AssertionError:
            self._count(outcome)
            raise
        self.events += sum(each.scored + len(each.dead_letters) for each in expected.values())
        return expected

    def recovered(self, way: str, seconds: float) -> None:
        """A partition's commits went on after so many seconds."""
        self.recoveries.setdefault(way, []).append(seconds)

    def add(self, other: "Verdict") -> None:
        """Take in the sums of another process of the same run."""
        self.scenarios += other.scenarios
        self.kills += other.kills
        self.events += other.events
        self.lost += other.lost
        self.doubled += other.doubled
        self.different += other.different
        for way, seconds in other.recoveries.items():
            self.recoveries.setdefault(way, []).extend(seconds)

    def _count(self, outcome: Outcome) -> None:
        expected = {
            alert.id: alert
            for partition, records in outcome.events().items()
            for alert in score_offline(
                outcome.configuration, outcome.topic_id, partition, records
            ).alerts
        }
        found = [Expected.of(alert) for alert in outcome.alerts()]
        by_id = {alert.id: alert for alert in found}
        self.lost += len(expected.keys() - by_id.keys())
        self.doubled += len(found) - len(by_id)
        self.different += len(by_id.keys() - expected.keys())
        self.different += sum(by_id[i] != expected[i] for i in by_id.keys() & expected.keys())

    def line(self) -> str:
        """The summary."""
        took = "".join(
            f" {way} p50 {quantile(seconds, 0.5):.1f} s p99 {quantile(seconds, 0.99):.1f} s"
            f" (n={len(seconds)})"
            for way, seconds in sorted(self.recoveries.items())
        )
        return (
            f"faults: seeds={self.seed} scenarios={self.scenarios} kills={self.kills} "
            f"events={self.events} lost={self.lost} doubled={self.doubled} "
            f"different={self.different} recovery:{took or ' none measured'}"
        )
