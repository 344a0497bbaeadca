"""`floodline serve`, `db` and `keys` as processes: exit codes, messages, a clean stop."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.fixtures.kafka import Topics
from tests.integration.intake.messages import DETECTOR, alert_message, eventually

CONFIGURATION = """
[detector]
name = "{name}"
topic = "{name}.events"
features = ["a"]
[kafka]
bootstrap_servers = "{servers}"
"""


# Several commands in one process: Python's own start is the longest part of each.
IN_ONE_PROCESS = """
import contextlib, io, json, sys
from cli.main import run
ended = []
for line in json.load(sys.stdin):
    sys.argv = ["floodline", *line]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run()
    ended.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(ended))
"""


class Ended(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Command:
    """The command line in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, servers: str = "127.0.0.1:1") -> None:
        """Write floodline.toml."""
        text = CONFIGURATION.format(name=DETECTOR, servers=servers)
        (self.folder / "floodline.toml").write_text(text)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """One command to its end."""
        return subprocess.run(
            self._line(*arguments),
            cwd=self.folder,
            env=self._environment(environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def run_each(self, *lines: str) -> list[Ended]:
        """Commands, one after the other."""
        done = subprocess.run(
            [sys.executable, "-c", IN_ONE_PROCESS],
            cwd=self.folder,
            env=self._environment({}),
            input=json.dumps([shlex.split(line) for line in lines]),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return [Ended(*each) for each in json.loads(done.stdout)]

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
        """A server, and the address that it says it listens on."""
        log = self.folder / "serve.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self._line("serve", "--port", "0", *arguments),
                cwd=self.folder,
                env=self._environment({}),
                stdout=output,
                stderr=output,
            )
        try:
            eventually(lambda: "listening" in log.read_text(), "it listens")
            found = re.search(r"http://127\.0\.0\.1:\d+/", log.read_text())
            assert found, log.read_text()
            yield process, found[0]
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(20)

    def _line(self, *arguments: str) -> list[str]:
        return [
            sys.executable,
            "-c",
            "from cli.main import run; raise SystemExit(run())",
            *arguments,
        ]

    def _environment(self, given: dict[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "FLOODLINE" not in name}
        root = str(Path(__file__).parents[2])
        return {**kept, "PYTHONPATH": root, "NO_COLOR": "1", **given}


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The command line with a Kafka that is not there."""
    made = Command(tmp_path)
    made.write()
    return made


def test_a_database_without_tables_is_told_with_what_to_do(command: Command) -> None:
    """serve and keys exit with 4 and name the command to run."""
    for arguments in (("serve", "--port", "0"), ("keys", "list")):
        done = command.run(*arguments)
        assert done.returncode == 4, done.stderr
        assert "run `floodline db upgrade` first" in done.stderr


def test_a_database_that_is_away_is_told(command: Command) -> None:
    """A PostgreSQL that does not answer is exit code 4, its password not shown."""
    url = "postgresql+psycopg://floodline:hidden@127.0.0.1:1/floodline"
    for arguments in (("serve",), ("db", "upgrade"), ("keys", "list")):
        done = command.run(*arguments, FLOODLINE_DATABASE__URL=url)
        assert done.returncode == 4, done.stderr
        assert "does not answer" in done.stderr
        assert "hidden" not in done.stderr
        assert "Traceback" not in done.stderr


def test_a_port_in_use_is_told(command: Command) -> None:
    """A port that something else listens on is exit code 3, with ways out."""
    command.run("db", "upgrade")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = command.run("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 3, done.stderr
    assert "Address already in use" in done.stderr
    assert "--port 0" in done.stderr


def test_without_keys_only_loopback_is_served(command: Command) -> None:
    """api.auth = none on an address that others reach is exit code 3."""
    command.run("db", "upgrade")
    done = command.run("serve", "--host", "0.0.0.0", FLOODLINE_API__AUTH="none")
    assert done.returncode == 3
    assert 'api.auth = "none"' in done.stderr


def test_the_database_commands(command: Command) -> None:
    """upgrade makes the tables and may be repeated; current tells both revisions."""
    upgrade, current = "db upgrade --json", "db current --json"
    before, first, again, after = (
        json.loads(each.out) for each in command.run_each(current, upgrade, upgrade, current)
    )
    assert before["current"] is first["before"] is None
    assert first["after"] == again["before"] == again["after"]
    assert after["current"] == after["needed"] == first["after"]


def test_the_key_commands(command: Command) -> None:
    """create prints the key once, list never, revoke ends it; errors have their exit codes."""
    _, alice, bob, listed = command.run_each(
        "db upgrade",
        "keys create --name alice --role analyst",
        "keys create --name bob --expires-days 1 --json",
        "keys list --json",
    )
    assert re.fullmatch(r"fl_[0-9a-f]{16}_[0-9a-f]{64}\n", alice.out)
    told = json.loads(bob.out)
    assert told["role"] == "analyst"
    assert [key["name"] for key in json.loads(listed.out)["keys"]] == ["alice", "bob"]
    assert told["key"].rpartition("_")[2] not in listed.out
    revoked, listed, *failed = command.run_each(
        f"keys revoke {told['id']}",
        "keys list --json",
        "keys revoke nothing",
        "keys create --name alice --role admin",
        "keys create --name 'a b'",
        "keys create --name a --role king",
    )
    assert revoked.code == 0
    assert [key["state"] for key in json.loads(listed.out)["keys"]] == ["usable", "revoked"]
    assert [each.code for each in failed] == [1, 1, 3, 2]


def test_help_has_an_example(command: Command) -> None:
    """Each command's help shows how it is called."""
    names = ("serve", "db upgrade", "db current", "keys create", "keys list", "keys revoke")
    for each in command.run_each(*(f"{name} --help" for name in names)):
        assert "Example: " in each.out
        assert "floodline" in each.out


def test_it_serves_while_kafka_is_away_and_stops_cleanly(command: Command) -> None:
    """Without Kafka people can read and label; SIGTERM ends the process with exit code 0."""
    key = command.run_each("db upgrade", "keys create --name alice")[1].out.strip()
    with command.serving() as (process, url):
        me = httpx.get(f"{url}api/v1/me", headers={"Authorization": f"Bearer {key}"})
        assert me.json()["name"] == "alice"
        assert "server" not in me.headers
        ready = httpx.get(f"{url}readyz").json()
        assert ready["status"] == "ready"
        assert ready["checks"]["intake"] in ("starting", "down")
        down = 'floodline_intake_up{detector="shuttle",kind="alert"} 0.0'
        assert down in httpx.get(f"{url}metrics").text
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_from_kafka_to_kafka_over_a_kill(topics: Topics, command: Command) -> None:
    """Alerts come in, survive SIGKILL of the server once each, and a label goes out."""
    command.write(topics.bootstrap_servers)
    detector = DETECTOR
    for suffix in ("alerts", "labels"):
        topics.create(f"{detector}.{suffix}")
    key = command.run_each("db upgrade", "keys create --name alice")[1].out.strip()
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}) as client:
        topics.produce(f"{detector}.alerts", [alert_message(n) for n in range(300)])
        with command.serving() as (process, url):
            eventually(lambda: _stored(client, url) > 0, "some alerts are stored")
            process.kill()
        topics.produce(f"{detector}.alerts", [alert_message(n) for n in range(290, 310)])
        with command.serving() as (process, url):
            eventually(lambda: _stored(client, url) == 310, "all alerts are stored")
            alert = client.get(f"{url}api/v1/alerts?limit=1").json()["items"][0]["id"]
            path = f"{url}api/v1/alerts/{alert}/labels"
            assert client.post(path, json={"verdict": "confirmed"}).status_code == 201
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
    records = topics.read(f"{detector}.labels", at_least=1)
    assert [record.key for record in records] == [alert.encode()]


def _stored(client: httpx.Client, url: str) -> int:
    count, cursor = 0, ""
    while True:
        page = client.get(f"{url}api/v1/alerts?limit=200{cursor}").json()
        count += len(page["items"])
        if page["next_cursor"] is None:
            return count
        cursor = f"&cursor={page['next_cursor']}"
