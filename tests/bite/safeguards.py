"""The safeguards of exactly-once, each with the text that is it and the tests that must miss it."""

from typing import NamedTuple

_CLIENTS = "tests/unit/consumer/test_kafka_clients.py"
_HISTORIES = "tests/unit/consumer/test_crash_histories.py"
_REWINDS = "tests/unit/consumer/test_rewinds.py"
_REBALANCES = "tests/unit/consumer/test_rebalances.py"
_LATE = "tests/unit/consumer/test_late_snapshots.py"
_COMMITS = "tests/unit/consumer/test_commits.py"
_RESTORATION = "tests/unit/consumer/test_restoration.py"
_LESSONS = "tests/unit/consumer/test_lessons_in_force.py"
_LOOP = "consumer/loop.py"
_OUTPUT = "consumer/adapters/kafka/output.py"
_INPUT = "consumer/adapters/kafka/group_input.py"


class Safeguard(NamedTuple):
    """What is removed: `text`, which is in `file` just once, becomes `without`."""

    name: str
    file: str
    text: str
    without: str
    tests: tuple[str, ...]


SAFEGUARDS = (
    Safeguard(
        "offsets travel in the transaction",
        _OUTPUT,
        "            producer.send_offsets_to_transaction(places, group, _SECONDS)\n",
        "",
        (_CLIENTS,),
    ),
    Safeguard(
        "group metadata is taken anew for each transaction",
        _OUTPUT,
        "producer, group = self._producer, self._input.consumer.consumer_group_metadata()",
        "producer = self._producer\n"
        "        group = self.__dict__.setdefault(\n"
        '            "_group", self._input.consumer.consumer_group_metadata()\n'
        "        )",
        (_CLIENTS,),
    ),
    Safeguard(
        "group metadata is of the moment of sealing",
        _OUTPUT,
        "            self._transact(producer, group, messages, positions)\n",
        "            now = self._input.consumer.consumer_group_metadata()\n"
        "            self._transact(producer, now, messages, positions)\n",
        (_CLIENTS,),
    ),
    Safeguard(
        "the topic is still the same at the commit",
        _OUTPUT,
        "            holds()\n",
        "",
        (_CLIENTS,),
    ),
    Safeguard(
        "the input is rewound (client)",
        _INPUT,
        "            self.consumer.seek(place)\n",
        "",
        (_CLIENTS,),
    ),
    Safeguard(
        "lost and revoked are told apart (client)",
        _INPUT,
        "on_revoke=self._revoked, on_lost=self._lost",
        "on_revoke=self._lost, on_lost=self._revoked",
        (_CLIENTS,),
    ),
    Safeguard(
        "what is lost is not committed",
        _LOOP,
        "    def lost(self, partitions: Sequence[int]) -> None:\n",
        "    def lost(self, partitions: Sequence[int]) -> None:\n"
        "        self.revoked(partitions)\n\n"
        "    def _lost(self, partitions: Sequence[int]) -> None:\n",
        (f"{_REWINDS}::test_lost_partitions_publish_nothing",),
    ),
    Safeguard(
        "what is revoked is committed first",
        _LOOP,
        "        if any(task.uncommitted for task in going) and self._now() < deadline:\n",
        "        if False:\n",
        (f"{_REWINDS}::test_revoked_partitions_commit_first",),
    ),
    Safeguard(
        "a transaction under way is awaited before a rebalance",
        _LOOP,
        "        self._await_publication()\n        going = ",
        "        going = ",
        (_REBALANCES,),
    ),
    Safeguard(
        "the model is rewound",
        "consumer/task.py",
        "        self.scorer = scorer\n        self._follow(release)\n        self.offset",
        '        self.scorer = getattr(self, "scorer", scorer)\n'
        "        self._follow(release)\n        self.offset",
        (_HISTORIES,),
    ),
    Safeguard(
        "what waits is forgotten in a rewind",
        "consumer/task.py",
        "        self.life += 1\n        self._reset()\n",
        "        self.life += 1\n",
        (_HISTORIES,),
    ),
    Safeguard(
        "records from before the task's place are passed over",
        "consumer/task.py",
        "        batch = batch.cut(batch.before(self.offset), len(batch))\n",
        "",
        (f"{_COMMITS}::test_a_stale_record_is_not_scored_twice",),
    ),
    Safeguard(
        "a producer that failed is replaced",
        _LOOP,
        "            self._output.renew()\n",
        "            pass\n",
        (_HISTORIES,),
    ),
    Safeguard(
        "a turn that broke off is not committed",
        _LOOP,
        "            if not committed and self._failure is None:\n",
        "            if False:\n",
        (f"{_COMMITS}::test_a_loop_that_breaks_off_commits_nothing_more",),
    ),
    Safeguard(
        "a replay follows the releases of changes, not today's",
        "consumer/restoration.py",
        "        self._changes = changes\n",
        "        self._changes = [\n"
        "            msgspec.structs.replace(change, release=changes[-1].release)\n"
        "            for change in changes\n"
        "        ]\n",
        (f"{_RESTORATION}::test_a_retrained_model_is_installed_and_restored", _HISTORIES),
    ),
    Safeguard(
        "the state after a replay is compared",
        "consumer/restoration.py",
        "        if found != expected:\n",
        "        if False:\n",
        (f"{_RESTORATION}::test_a_replay_to_another_state_is_not_gone_on_with",),
    ),
    Safeguard(
        "the counts after a replay are compared",
        "consumer/restoration.py",
        "            if getattr(committed, name) != getattr(found, name):\n",
        "            if False:\n",
        (f"{_RESTORATION}::test_lost_state_stops_with_what_to_do",),
    ),
    Safeguard(
        "another store is refused",
        "consumer/restoration.py",
        "        self._refuse_another_store(task, checkpoint)\n",
        "",
        (f"{_RESTORATION}::test_another_store_is_refused",),
    ),
    Safeguard(
        "a snapshot from before a rewind is not believed",
        "consumer/keeping.py",
        "if task.life == life and task.take_snapshot(mark):",
        "if task.take_snapshot(mark):",
        (_LATE,),
    ),
    Safeguard(
        "bytes from the store have their digest",
        "floodline/storage/state_store.py",
        "        if hashlib.sha256(state).hexdigest() != digest:\n",
        "        if False:\n",
        ("tests/unit/storage_states/test_folder_of_states.py", _HISTORIES),
    ),
    Safeguard(
        "a model from a snapshot is taught what its release names",
        "consumer/task.py",
        "        _teach(scorer, release, weights)\n",
        "",
        (_LESSONS, f"{_HISTORIES}::test_no_history_of_crashes_forgets_what_labels_taught"),
    ),
    Safeguard(
        "a release that takes over brings what labels taught",
        "consumer/task.py",
        "        _teach(self.scorer if scorer is None else scorer, release, weights)\n",
        "",
        (_LESSONS, f"{_HISTORIES}::test_no_history_of_crashes_forgets_what_labels_taught"),
    ),
)
