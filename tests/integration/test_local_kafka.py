"""The local Kafka: it serves, it ends with its owner, and it says what is wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from confluent_kafka import Producer

from demo.local_kafka import LocalKafka
from demo.local_kafka.ports import free_port
from demo.local_kafka.service import down, status, up
from demo.local_kafka.state import BrokerProcess, write_state
from floodline.errors import ConfigurationError, DependencyDown
from tests.fixtures.kafka import Topics

ANSWER_SECONDS = 20
OWNER = """
import sys, time
from pathlib import Path
from demo.local_kafka import LocalKafka
kafka = LocalKafka(Path(sys.argv[1])).start()
print(kafka.bootstrap_servers, flush=True)
time.sleep(300)
"""


def brokers_of(folder: Path) -> list[psutil.Process]:
    """Every process whose command line names `folder`'s broker."""
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if str(folder / "server.properties") in command:
            found.append(process)
    return found


def no_broker_left(folder: Path, seconds: float = 15) -> bool:
    """Whether the folder's broker is gone within `seconds`."""
    deadline = time.monotonic() + seconds
    while brokers_of(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def transactional(bootstrap_servers: str, name: str) -> Producer:
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": name})
    producer.init_transactions(ANSWER_SECONDS)
    return producer


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[Path]:
    """A folder whose broker, if a test starts one, is stopped in the end."""
    yield tmp_path / "kafka"
    down(tmp_path / "kafka")


def test_committed_records_are_seen_and_aborted_ones_are_not(topics: Topics) -> None:
    """The broker serves transactions: readers see what was committed and nothing else."""
    topic = topics.create(topics.name("events"), partitions=2)
    producer = transactional(topics.bootstrap_servers, topics.prefix)
    for value, commit in ((b"kept", True), (b"dropped", False), (b"kept too", True)):
        producer.begin_transaction()
        producer.produce(topic, value, partition=0)
        if commit:
            producer.commit_transaction(ANSWER_SECONDS)
        else:
            producer.flush(ANSWER_SECONDS)
            producer.abort_transaction(ANSWER_SECONDS)
    committed = [record.value for record in topics.read(topic, at_least=2)]
    everything = [record.value for record in topics.read(topic, isolation="read_uncommitted")]
    assert committed == [b"kept", b"kept too"]
    assert everything == [b"kept", b"dropped", b"kept too"]


def test_a_topic_is_never_made_by_mistake(topics: Topics) -> None:
    """Writing to a topic that nobody created makes no topic."""
    producer = Producer({"bootstrap.servers": topics.bootstrap_servers, "message.timeout.ms": 1000})
    producer.produce(topics.name("misspelt"), b"value")
    producer.flush(ANSWER_SECONDS)
    with pytest.raises(KeyError):
        topics.partitions(topics.name("misspelt"))


def test_produced_bytes_come_back_in_order_with_keys_and_headers(topics: Topics) -> None:
    """The test helpers hand back each partition's bytes as they were produced."""
    topic = topics.create(topics.name("events"), partitions=3)
    values = [str(number).encode() for number in range(500)]
    assert topics.produce(topic, values, partition=1, headers={"trace": b"x"}) == 500
    assert topics.produce(topic, [b"keyed"], keys=[b"key"], partition=2) == 1
    records = topics.read(topic, at_least=501)
    assert [record.value for record in records if record.partition == 1] == values
    assert {record.headers["trace"] for record in records if record.partition == 1} == {b"x"}
    assert records[-1].key == b"key"


def test_stop_leaves_no_process_and_no_temporary_data() -> None:
    """A stopped broker is gone, and so is the temporary folder that it made."""
    with LocalKafka() as kafka:
        folder = kafka.log.parent.parent
        assert brokers_of(folder)
    assert no_broker_left(folder)
    assert not folder.exists()


def test_a_killed_owner_leaves_no_broker(tmp_path: Path) -> None:
    """When the process that started a broker is killed by SIGKILL, the broker ends too."""
    folder = tmp_path / "kafka"
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        address = owner.stdout.readline()
        assert address.startswith("127.0.0.1:"), address
        assert brokers_of(folder)
        owner.kill()
    assert no_broker_left(folder)


def test_ctrl_c_stops_the_broker_in_order(tmp_path: Path) -> None:
    """SIGINT to the owner's process group ends the broker by a clean shutdown, not by a kill."""
    folder = tmp_path / "kafka"
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        # A shell's background job, as this run may be, ignores interrupts, and so do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline().startswith("127.0.0.1:")
        os.killpg(owner.pid, signal.SIGINT)
    assert no_broker_left(folder)
    assert "shut down completed" in (folder / "logs" / "broker.log").read_text()


def test_a_killed_watchdog_takes_the_broker_along(tmp_path: Path) -> None:
    """Even SIGKILL to the watchdog leaves no broker, where the system is Linux."""
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child of its parent's death")
    folder = tmp_path / "kafka"
    with LocalKafka(folder):
        (java,) = (each for each in brokers_of(folder) if "java" in each.name())
        watchdog = java.parent()
        assert watchdog is not None
        watchdog.kill()
        assert no_broker_left(folder)


def test_a_port_in_use_is_named_with_what_to_do(broker: LocalKafka, tmp_path: Path) -> None:
    """A taken port stops the start at once with one message: the port and the ways out."""
    port = int(broker.bootstrap_servers.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match=rf"Port {port} .* is in use .*--port"):
        LocalKafka(tmp_path / "second", port=port).start()
    with pytest.raises(ConfigurationError, match=rf"Port {port} .* is in use .*--port"):
        up(tmp_path / "third", port)
    assert not brokers_of(tmp_path / "third")


def test_a_broker_that_cannot_start_shows_its_last_words(
    tmp_path: Path,
) -> None:
    """A broker that ends while starting is reported with the reason from its own log."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "meta.properties").write_text("version=1\ncluster.id=other\nnode.id=7\n")
    with pytest.raises(DependencyDown, match=r"(?s)node id.*Docker Compose"):
        LocalKafka(tmp_path, port=free_port()).start()
    assert no_broker_left(tmp_path)


def test_a_folder_in_use_is_left_alone(broker: LocalKafka) -> None:
    """A second broker on a live one's folder is refused before anything there is touched."""
    folder = broker.log.parent.parent
    settings = (folder / "server.properties").read_text()
    with pytest.raises(ConfigurationError, match="Another Kafka runs"):
        LocalKafka(folder).start()
    assert (folder / "server.properties").read_text() == settings
    assert brokers_of(folder)


def test_up_outlives_the_command_and_keeps_its_data(standing: Path) -> None:
    """`up` leaves a broker behind that `status` finds and `down` stops; data outlives it all."""
    first = up(standing, free_port())
    assert first.running
    assert first.bootstrap_servers
    assert first.pid
    topics = Topics(first.bootstrap_servers, "kept")
    topics.create("kept.events")
    topics.produce("kept.events", [b"one", b"two"])
    assert up(standing, int(first.bootstrap_servers.rpartition(":")[2])) == first
    with pytest.raises(ConfigurationError, match="down"):
        up(standing, free_port())
    assert status(standing) == first
    assert down(standing).running is False
    assert no_broker_left(standing)
    assert status(standing).running is False
    again = up(standing, free_port())
    assert again.bootstrap_servers
    kept = Topics(again.bootstrap_servers, "kept").read("kept.events", at_least=2)
    assert [record.value for record in kept] == [b"one", b"two"]


def test_a_recycled_process_id_is_never_stopped(standing: Path) -> None:
    """A live process that has the noted id but another start time is left alone."""
    standing.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as innocent:
        real = BrokerProcess.of(innocent.pid, 9092)
        write_state(standing, BrokerProcess(real.pid, real.started - 3600, real.port))
        assert status(standing).running is False
        down(standing)
        assert innocent.poll() is None
        innocent.kill()


def floodline(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command."""
    code = "import sys; from floodline.launcher import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_commands_print_one_json_object(standing: Path) -> None:
    """`floodline kafka status --json` prints one object, and exits 4 where no broker runs."""
    done = floodline("kafka", "status", "--json", "--folder", str(standing))
    assert done.returncode == 4
    assert json.loads(done.stdout)["running"] is False


def test_the_commands_tell_a_wrong_word_and_a_taken_port(
    broker: LocalKafka, standing: Path
) -> None:
    """A usage error exits 2, a port in use exits 3; neither shows a traceback."""
    port = broker.bootstrap_servers.rpartition(":")[2]
    wrong = floodline("kafka", "upp")
    taken = floodline("kafka", "up", "--port", port, "--folder", str(standing))
    assert (wrong.returncode, taken.returncode) == (2, 3)
    assert f"Port {port}" in taken.stderr
    assert "Traceback" not in wrong.stderr + taken.stderr


def test_jars_that_cannot_be_fetched_are_one_clear_message(tmp_path: Path) -> None:
    """Without a network and without a cache, the message names the ways out."""
    nowhere = "http://127.0.0.1:1"
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "HTTPS_PROXY": nowhere,
        "HTTP_PROXY": nowhere,
    }
    code = (
        "from demo.local_kafka import LocalKafka; from floodline.errors import DependencyDown\n"
        "try: LocalKafka().start()\n"
        "except DependencyDown as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert "could not be fetched" in done.stdout
    assert "Docker Compose" in done.stdout
    assert "--bootstrap-servers" in done.stdout


def test_a_broker_serves_from_a_folder_with_an_odd_name(tmp_path: Path) -> None:
    """Spaces, umlauts and quotes in the folder's name do no harm."""
    with LocalKafka(tmp_path / "Käse & 'Brot' 100%") as kafka:
        topics = Topics(kafka.bootstrap_servers, "odd")
        topics.create("odd.events")
        topics.produce("odd.events", [b"one"])
        assert [record.value for record in topics.read("odd.events", at_least=1)] == [b"one"]


def test_postgres_gives_each_test_an_empty_database(postgres_url: str) -> None:
    """The PostgreSQL of the tests is real and the database starts without tables."""
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        version = connection.execute("SELECT version()").fetchone()
        tables = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchone()
    assert version is not None
    assert version[0].startswith("PostgreSQL")
    assert tables == (0,)
