"""Members that crash, freeze, quarrel and fail in any order leave what one calm run leaves.

The real loop, tasks, restorer and keeping run over an in-memory Kafka that fences, under a seeded
scheduler. The default run is short and always the same; CRASH_HISTORIES=5000 runs so many
histories, and CRASH_SEED=7 others of them.
"""

import functools
import hashlib
import os
import random
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from floodline.configuration.sections import Configuration
from floodline.detection.leaf_weights import LeafWeights
from floodline.detection.parameters import DefaultProfile, ModelParameters, RiverProfile
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import ModelRef, Release, WeightsRef
from floodline.feedback.review_sampling import Sampling, Stratum
from floodline.storage import weight_tables
from floodline.storage.state_store import StateStore
from tests.fakes.group import FakeGroup
from tests.fakes.kafka import FakeBroker
from tests.fakes.member import TOPIC_ID, configure, levels
from tests.fakes.place import FakeDisk, FakePlace
from tests.fakes.simulated_member import POINTS, SimulatedMember
from tests.fixtures.ledger import Ledger

HISTORIES = int(os.environ.get("CRASH_HISTORIES", "100"))
SEED = int(os.environ.get("CRASH_SEED", "1"))
SHRINKS = os.environ.get("CRASH_SHRINK", "1") == "1"
NAMES = ("anna", "bert", "carl")
PARTITIONS = (0, 1, 2)
WINDOW = 20
_OFTEN = {"snapshot_every_events": 25}  # far more often than anybody may configure


def _configured(model: dict[str, Any]) -> Configuration:
    configured = configure(model=model, consumer={"batch_size": 9, "dead_letter_ratio": 1.0})
    consumer = configured.consumer.model_copy(update=_OFTEN)
    return configured.model_copy(update={"consumer": consumer})


CONFIGURATION = _configured({"trees": 3, "height": 3, "window": WINDOW})
TEACHABLE = _configured(
    {"profile": "default", "trees": 3, "height": 3, "window": WINDOW, "start": 5, "warm_up": 10}
)
MOST_TURNS = 600
SAMPLING = Sampling(strata=(Stratum(floor=0.0, rate=0.1), Stratum(floor=0.6, rate=0.5)))

names = st.sampled_from(NAMES)
partitions = st.sampled_from(PARTITIONS)
words = st.sampled_from(["ok", "ok", "refused", "unknown", "open", "stuck", "renew"])


@functools.cache
def retrained(number: int) -> tuple[ModelParameters, bytes]:
    """A model of its own for a release, small and past its first window."""
    return _grown(RiverProfile(trees=3, height=3, window=WINDOW + number % 3, seed=number), number)


@functools.cache
def retrained_teachable(number: int) -> tuple[ModelParameters, bytes]:
    """The same of a model that labels can teach, with the trees of the configured one."""
    configured = TEACHABLE.model_parameters
    assert isinstance(configured, DefaultProfile)
    return _grown(msgspec.structs.replace(configured, window=WINDOW + 1 + number % 3), number)


def _grown(parameters: ModelParameters, number: int) -> tuple[ModelParameters, bytes]:
    scorer = Scorer.new(parameters, ("x", "y"))
    draw = random.Random(number)
    for _ in range(2 * WINDOW):
        event = {"x": draw.gauss(0, 1), "y": draw.gauss(5, 1)}
        scorer.step(event, ThresholdRule(rarity=0.05))
    return parameters, scorer.to_state()


class CrashHistories(RuleBasedStateMachine):
    """What may happen to a group, one thing after the other."""

    configuration = CONFIGURATION
    retrained = staticmethod(retrained)

    @initialize(number=st.integers(0, 2**20))
    def begin(self, number: int) -> None:
        """A broker with a few records, and one member."""
        self.broker = FakeBroker(self.configuration.topics, milliseconds=250_000)
        self.draw = random.Random(number)
        self.group = FakeGroup(self.broker, self.draw)
        self.disk = FakeDisk()
        for partition in PARTITIONS:
            self.broker.append(partition, levels(number + partition, 40))
            self.group.wanted[partition] = NAMES[0]
        self.store = StateStore(FakePlace(self.disk))
        self.ledger = Ledger(self.broker, self.configuration, TOPIC_ID, self.store)
        self.members: dict[str, SimulatedMember] = {}
        self.frozen: list[SimulatedMember] = []
        for name in NAMES[:2]:
            self.start(name)

    def _living(self, name: str) -> SimulatedMember | None:
        """The member of this name, or where it does not live another that does."""
        living = [each for each in self.members.values() if each.alive]
        named = [each for each in living if each.name == name]
        return self.draw.choice(named or living) if living else None

    @rule(partition=partitions, count=st.integers(1, 60), gap=st.sampled_from([0, 0, 1, 3]))
    def produce(self, partition: int, count: int, gap: int) -> None:
        """Records come, some malformed, some with gaps of offsets before them."""
        malformed = self.draw.choice([0.0, 0.05, 0.3])
        values = levels(self.draw.randrange(2**20), count, malformed)
        self.broker.append(partition, values[:1], gap=gap)
        self.broker.append(partition, values[1:])

    @rule(kind=st.sampled_from(["score", "rarity", "model", "same model"]))
    def publish_release(self, kind: str) -> None:
        """A threshold moves, or another model is meant to take over."""
        rarity = self.draw.choice([0.02, 0.1, 0.3])
        by_score = ThresholdRule(score=0.4 + rarity)
        given: dict[str, Any] = {
            "kind": "recalibration",
            "threshold": by_score if kind == "score" else ThresholdRule(rarity=rarity),
            "sampling": self.draw.choice([None, SAMPLING]),
        }
        if kind == "model":
            given |= {"kind": "retrain", "model": self._retrained(), "weights": None}
        self._publish(**given)

    def _retrained(self) -> ModelRef:
        """Another model, in the store."""
        parameters, state = self.retrained(len(self.broker.releases) + 1)
        digest = hashlib.sha256(state).hexdigest()
        self.disk.files[f"/{digest}"] = state
        return ModelRef(parameters=parameters, state_sha256=digest)

    def _publish(self, **given: Any) -> None:
        """The next release; what is not given is as in the newest."""
        values: dict[str, Any] = {
            "number": len(self.broker.releases) + 1,
            "detector": "gauge",
            "threshold": ThresholdRule(rarity=0.1),
            "reason": "test",
            "made_by": "test",
            "created_at": "2026-01-01T00:00:00Z",
        }
        if self.broker.releases:
            newest = self.broker.releases[-1]
            values |= {n: getattr(newest, n) for n in ("threshold", "model", "sampling", "weights")}
        self.broker.releases.append(Release(**(values | given)))

    @rule(name=names, turns=st.integers(1, 20), pace=st.sampled_from([0.001, 0.03, 10.0]))
    def go_round(self, name: str, turns: int, pace: float) -> None:
        """A member does so many turns, hasty or slow."""
        member = self._living(name)
        if member is not None:
            member.input.seconds_per_poll = pace
            for _ in range(turns):
                member.turn()

    @rule(turns=st.integers(1, 10))
    def all_go_round(self, turns: int) -> None:
        """Some of the dead are started again; then all members do turns, in drawn order."""
        for name, member in list(self.members.items()):
            if not member.alive and self.draw.random() < 0.5:
                self.start(name)
        for _ in range(turns):
            for name in self.draw.sample(sorted(self.members), len(self.members)):
                self.members[name].turn()

    @rule(name=names, plan=st.lists(words, min_size=1, max_size=3), looks=st.integers(0, 6))
    def plan(self, name: str, plan: list[str], looks: int) -> None:
        """The next transactions end so, after so many looks at them."""
        member = self._living(name)
        if member is not None:
            member.output.plan = plan
            member.output.looks = looks

    @rule(name=names, pieces=st.integers(1, 3))
    def work_beside(self, name: str, pieces: int) -> None:
        """Work beside a loop goes on: till then it was late."""
        member = self._living(name)
        if member is not None:
            member.work(pieces)

    @rule(name=names, late=st.booleans())
    def hold_snapshots_back(self, name: str, late: bool) -> None:
        """Snapshots of a member are written late, or as soon as they can be."""
        member = self._living(name)
        if member is not None:
            member.late = late

    @rule(name=names)
    def straggle(self, name: str) -> None:
        """A transaction that its caller gave up goes on by a step."""
        member = self._living(name)
        if member is not None:
            member.straggle()

    @rule(name=names, point=st.sampled_from(POINTS), passings=st.integers(1, 2))
    def crash_at(self, name: str, point: str, passings: int) -> None:
        """A member will be killed at this point of its way."""
        member = self._living(name)
        if member is not None:
            member.fate.arm(point, passings)

    @rule(name=names)
    def crash(self, name: str) -> None:
        """A member is killed between two turns."""
        member = self._living(name)
        if member is not None:
            member.kill()

    @rule(name=names)
    def start(self, name: str) -> None:
        """A process starts under this name; one that runs already is frozen and comes back."""
        old = self.members.get(name)
        if old is not None and old.alive:
            if self.draw.random() < 0.5:
                return  # most processes are started where none runs
            self.frozen.append(old)
        member = SimulatedMember(self.group, self.configuration, self.disk, name)
        member.input.seconds_per_poll = self.draw.choice([0.001, 0.03, 10.0])
        member.output.looks = self.draw.choice([0, 0, 2, 5])
        self.members[name] = member

    @rule(name=names)
    def stop(self, name: str) -> None:
        """A member is told to stop, and commits what is done."""
        member = self._living(name)
        if member is not None:
            member.stop()

    @rule(partition=partitions, name=names)
    def rebalance(self, partition: int, name: str) -> None:
        """The group wants a partition to go to another member."""
        member = self._living(name)
        self.group.wanted[partition] = name if member is None else member.name

    @rule(name=names, heir=names, unaware=st.integers(0, 4))
    def time_out(self, name: str, heir: str, unaware: int) -> None:
        """A session times out; a zombie goes round some times before it hears of it."""
        member = self._living(name)
        if member is None or member.name not in self.group.members:
            return
        member.input.unaware = unaware
        self.group.leave(member.name)
        for partition, wanted in self.group.wanted.items():
            if wanted == member.name:
                self.group.wanted[partition] = heir

    @precondition(lambda self: self.frozen)
    @rule(turns=st.integers(1, 4), unaware=st.integers(0, 4))
    def thaw(self, turns: int, unaware: int) -> None:
        """A frozen process goes on while another one runs under its name."""
        zombie = self.frozen.pop(0)
        zombie.input.unaware = unaware
        for _ in range(turns):
            zombie.turn()
            zombie.straggle()
        zombie.stop()

    @rule(how=st.sampled_from(["delete", "cut", "flip", "swap"]), which=st.integers(0, 5))
    def spoil_a_snapshot(self, how: str, which: int) -> None:
        """One of the newest snapshots is deleted or damaged, or another's bytes lie there."""
        paths = [path for path in self.disk.files if path.startswith("/snapshots/")]
        if len(paths) <= which:
            return
        path, files = paths[-1 - which], self.disk.files
        data = bytearray(files[path])
        data[self.draw.randrange(len(data))] ^= 1 << self.draw.randrange(8)
        other = files[self.draw.choice(paths)]
        spoilt = {"cut": files[path][: len(data) // 2], "flip": bytes(data), "swap": other}
        if how == "delete":
            del files[path]
        else:
            files[path] = spoilt[how]

    @rule(times=st.integers(1, 4))
    def refuse_writes(self, times: int) -> None:
        """The disk is full for so many writes."""
        self.disk.refusals = times

    @invariant()
    def committed_is_the_offline_run(self) -> None:
        """Alerts, dead letters, offsets, counts and hashes are those of an undisturbed run."""
        if hasattr(self, "ledger"):
            self.ledger.check()
            # Whatever happened, some time passes before the next thing does.
            for _ in range(self.draw.choice([0, 1, 5])):
                for name in self.draw.sample(sorted(self.members), len(self.members)):
                    if not self.members[name].alive and self.draw.random() < 0.1:
                        self.start(name)
                    self.members[name].turn()
            self.ledger.check()

    def teardown(self) -> None:
        """All end somehow; a calm member comes to the end of every partition."""
        if not hasattr(self, "ledger"):
            return
        for member in [*self.members.values(), *self.frozen]:
            if self.draw.random() < 0.5:
                member.stop()
            self.ledger.check()
        self.disk.refusals = 0
        for name in NAMES:
            self.group.leave(name)
        self.group.wanted = dict.fromkeys(PARTITIONS, "calm")
        calm = SimulatedMember(self.group, self.configuration, self.disk, "calm")
        for _ in range(MOST_TURNS):
            if self.broker.all_committed:
                break
            calm.turn()
            self.ledger.check()
        assert self.broker.all_committed, f"not done after {MOST_TURNS} turns"
        calm.stop()
        self.ledger.check()


class TaughtHistories(CrashHistories):
    """The same, and labels teach."""

    configuration = TEACHABLE
    retrained = staticmethod(retrained_teachable)

    @rule(number=st.integers(0, 2**20))
    def teach(self, number: int) -> None:
        """Other leaf weights, or none any more."""
        parameters = TEACHABLE.model_parameters
        assert isinstance(parameters, DefaultProfile)
        named = None
        if number % 5:
            table = np.random.default_rng(number).normal(0.0, 2.0, (3, 8))
            weights = LeafWeights(parameters, ("x", "y"), table)
            named = WeightsRef(sha256=weight_tables.digest(weights), labels=number)
            self.disk.files[f"/weights/{named.sha256}"] = weights.to_bytes()
        self._publish(kind="teaching", weights=named)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What the members would say of their faults is not written: it would take most of the time."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.configure(**before)


def _run(histories: type[CrashHistories], count: int) -> None:
    profile = settings(
        max_examples=count,
        stateful_step_count=50,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[phase for phase in Phase if SHRINKS or phase is not Phase.shrink],
    )
    run_state_machine_as_test(seed(SEED)(histories), settings=profile)


@pytest.mark.timeout(3_600)
def test_no_history_of_crashes_changes_anything() -> None:
    """Every record once, bit for bit as offline, after each step of every history."""
    _run(CrashHistories, HISTORIES)


@pytest.mark.timeout(3_600)
def test_no_history_of_crashes_forgets_what_labels_taught() -> None:
    """Where releases teach: the same, each event with the weights that held at its offset."""
    _run(TaughtHistories, max(HISTORIES // 2, 1))
