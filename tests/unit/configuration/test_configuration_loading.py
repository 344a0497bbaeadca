"""file < environment < flags; every fault at once, each with its origin and what to do."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from floodline.configuration.loading import load
from floodline.configuration.section import Section
from floodline.configuration.sections import Configuration
from floodline.detection.parameters import DefaultProfile
from floodline.errors import ConfigurationError

SMALLEST = """
[detector]
name = "gauge"
topic = "levels"
features = ["x", "y"]
"""


def loaded(
    tmp_path: Path,
    text: str = SMALLEST,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> tuple[Configuration, dict[str, str]]:
    """The configuration in a file with this text."""
    file = tmp_path / "floodline.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, environment or {}, flags)


def refused(
    tmp_path: Path,
    text: str = SMALLEST,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> list[str]:
    """The lines of the one error that loading this gives."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text, environment, flags)
    assert caught.value.exit_code == 3
    return str(caught.value).splitlines()


def test_the_smallest_file_is_enough(tmp_path: Path) -> None:
    """Name, topic and features are all that must be said."""
    configuration, origins = loaded(tmp_path)
    assert configuration.detector.features == ("x", "y")
    assert configuration.group == "floodline-gauge"
    assert configuration.topics.alerts == "gauge.alerts"
    assert configuration.initial_rule.rarity == 0.001
    assert set(origins) == {"detector.name", "detector.topic", "detector.features"}
    assert set(origins.values()) == {str(tmp_path / "floodline.toml")}


def test_a_table_takes_its_keys_from_file_environment_and_secret_files(tmp_path: Path) -> None:
    """[store.options] and FLOODLINE_STORE__OPTIONS__KEY(_FILE) are one table, and hide secrets."""
    secret = tmp_path / "secret"
    secret.write_text("hush\n")
    text = SMALLEST + '[store]\nfolder = "s3://states"\n'
    text += '[store.options]\nendpoint_url = "http://here"\nkey = "a"\n'
    environment = {
        "FLOODLINE_STORE__OPTIONS__KEY": "b",
        "FLOODLINE_STORE__OPTIONS__SECRET_FILE": str(secret),
        "FLOODLINE_STORE__OPTIONS__TIMEOUT_SECONDS": "2.5",
    }
    configuration, origins = loaded(tmp_path, text, environment)
    options = configuration.store.options
    assert options.given() == {
        "endpoint_url": "http://here",
        "key": "b",
        "secret": "hush",
        "timeout_seconds": "2.5",
    }
    assert "hush" not in configuration.model_dump_json()
    assert origins["store.options.secret"] == "FLOODLINE_STORE__OPTIONS__SECRET_FILE"


@pytest.mark.parametrize(
    ("text", "environment", "said"),
    [
        ("[store.options]\nsecrets = 'x'\n", {}, "unknown key store.options.secrets; did you mean"),
        ("", {"FLOODLINE_STORE__OPTIONS__URL": "x"}, "OPTIONS__URL: unknown key store.options.url"),
        ("[store.options]\ntimeout_seconds = 0\n", {}, "store.options.timeout_seconds: "),
        (
            "",
            {"FLOODLINE_STORE__OPTIONS__TIMEOUT_SECONDS": "soon"},
            "FLOODLINE_STORE__OPTIONS__TIMEOUT_SECONDS: store.options.timeout_seconds: ",
        ),
        ("[store]\noptions = 'x'\n", {"FLOODLINE_STORE__OPTIONS__KEY": "k"}, ": store.options: "),
    ],
)
def test_a_fault_in_a_table_names_its_key(
    tmp_path: Path, text: str, environment: dict[str, str], said: str
) -> None:
    """Unknown keys and wrong values of a table are named with where they came from."""
    assert said in "\n".join(refused(tmp_path, SMALLEST + text, environment))


def test_flags_beat_environment_beats_file(tmp_path: Path) -> None:
    """The later source wins, key by key, and each value knows where it came from."""
    text = SMALLEST + "[model]\ntrees = 1\nheight = 1\nwindow = 11\n"
    environment = {"FLOODLINE_MODEL__HEIGHT": "2", "FLOODLINE_MODEL__WINDOW": "22"}
    flags = {"model.window": 33, "model.seed": None}
    configuration, origins = loaded(tmp_path, text, environment, flags)
    assert configuration.model_parameters == DefaultProfile(trees=1, height=2, window=33, seed=42)
    assert origins["model.trees"] == str(tmp_path / "floodline.toml")
    assert origins["model.height"] == "FLOODLINE_MODEL__HEIGHT"
    assert origins["model.window"] == "flag"
    assert "model.seed" not in origins


def test_the_environment_alone_is_enough() -> None:
    """A container needs no file; a list takes its parts by comma."""
    configuration, _ = load(
        None,
        {
            "FLOODLINE_DETECTOR__NAME": "gauge",
            "FLOODLINE_DETECTOR__TOPIC": "levels",
            "FLOODLINE_DETECTOR__FEATURES": "x, a.b ,,z",
            "FLOODLINE_API__ALLOWED_HOSTS": "alerts.example",
            "FLOODLINE_CONSUMER__COMMIT_INTERVAL_MS": "50",
            "FLOODLINE_API__SECURE_COOKIE": "true",
            "FLOODLINE_HOME": "not ours",
            "PATH": "/bin",
        },
    )
    assert configuration.detector.features == ("x", "a.b", "z")
    assert configuration.api.allowed_hosts == ("alerts.example",)
    assert configuration.consumer.commit_interval_ms == 50
    assert configuration.api.secure_cookie is True


def test_a_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    """$FLOODLINE_CONFIG names the file; an argument beats it; both beat ./floodline.toml."""
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text(SMALLEST)
    two.write_text(SMALLEST.replace("gauge", "other"))
    environment = {"FLOODLINE_CONFIG": str(one)}
    assert load(None, environment)[0].detector.name == "gauge"
    assert load(two, environment)[0].detector.name == "other"


def test_a_file_in_the_working_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any name ./floodline.toml is read, and where it is missing the error says so."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"no floodline.toml here.*config example.*--con"):
        load(None, {})
    (tmp_path / "floodline.toml").write_text(SMALLEST)
    assert load(None, {})[0].detector.name == "gauge"


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    """KEY_FILE names a file with the value, without its last line break."""
    secret = tmp_path / "password"
    secret.write_text("s3cret with space \n")
    environment = {"FLOODLINE_KAFKA__SASL_PASSWORD_FILE": str(secret)}
    configuration, origins = loaded(tmp_path, environment=environment)
    password = configuration.kafka.sasl_password
    assert password is not None
    assert password.get_secret_value() == "s3cret with space "
    assert configuration.kafka.client()["sasl.password"] == "s3cret with space "
    assert origins["kafka.sasl_password"] == "FLOODLINE_KAFKA__SASL_PASSWORD_FILE"
    assert "s3cret" not in repr(configuration)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secret_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    """A missing or unreadable secret file is named with its variable."""
    secret = tmp_path / "password"
    if content is not None:
        secret.write_bytes(content)
    (line,) = refused(tmp_path, environment={"FLOODLINE_DATABASE__URL_FILE": str(secret)})
    assert line.startswith(f"FLOODLINE_DATABASE__URL_FILE={secret}: ")


def test_unknown_keys_are_named_with_a_suggestion(tmp_path: Path) -> None:
    """All unknown sections and keys come at once, each with its origin and the nearest name."""
    text = SMALLEST + '[modle]\ntrees = 1\n[model]\nhieght = 3\n[kafka]\nqqq = 1\nbroker = "x"\n'
    environment = {"FLOODLINE_STORE__FOLDERS": "x", "FLOODLINE_LOGS__LEVEL": "info"}
    lines = refused(tmp_path, text, environment, {"consumer.btach_size": 3})
    file = str(tmp_path / "floodline.toml")
    assert f"{file}: unknown section [modle]; did you mean 'model'?" in lines
    assert f"{file}: unknown key model.hieght; did you mean 'height'?" in lines
    assert any(li.startswith(f"{file}: unknown key kafka.qqq; known: bootstrap_") for li in lines)
    assert "FLOODLINE_STORE__FOLDERS: unknown key store.folders; did you mean 'folder'?" in lines
    assert "FLOODLINE_LOGS__LEVEL: unknown section [logs]; did you mean 'log'?" in lines
    assert "flag: unknown key consumer.btach_size; did you mean 'batch_size'?" in lines
    assert len(lines) == 7


def test_wrong_types_and_bounds_come_at_once(tmp_path: Path) -> None:
    """Every value that does not fit is named with its origin; no value is shown."""
    text = SMALLEST + '[model]\ntrees = "many"\nheight = 99\n[threshold]\ninitial_rarity = 2\n'
    environment = {
        "FLOODLINE_CONSUMER__START": "middle",
        "FLOODLINE_API__INTAKE": "perhaps",
        "FLOODLINE_KAFKA__SASL_PASSWORD": "s3cret",
    }
    lines = refused(tmp_path, text, environment)
    file = str(tmp_path / "floodline.toml")
    assert [line.rpartition(": ")[0] for line in lines] == [
        f"{file}: model.trees",
        f"{file}: model.height",
        f"{file}: threshold.initial_rarity",
        "FLOODLINE_CONSUMER__START: consumer.start",
        "FLOODLINE_API__INTAKE: api.intake",
    ]
    assert "'earliest' or 'latest'" in lines[3]
    assert "s3cret" not in "".join(lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[detector\n", "is not TOML"),
        ("name = 'gauge'\n", "'name' stands outside any [section]"),
        ("[model]\ntrees = 3\n", "section [detector] is missing"),
        ("[detector]\nname = 'gauge'\n", "detector.topic: Field required"),
        (SMALLEST.replace('["x", "y"]', "[]"), "detector.features"),
        (SMALLEST.replace('["x", "y"]', '"x"'), "detector.features"),
        (SMALLEST.replace('["x", "y"]', "[1]"), "detector.features.0"),
        (SMALLEST.replace('["x", "y"]', '["x", "x"]'), "named once"),
        (SMALLEST.replace('["x", "y"]', '["x", ""]'), "named once"),
        (SMALLEST + "[model]\ntrees = true\n", "model.trees"),
        (SMALLEST + "[store]\nfolder = false\n", "store.folder"),
        (SMALLEST.replace('"levels"', '""'), "detector.topic"),
        (SMALLEST.replace('"gauge"', '"Gauge"'), "detector.name is 'Gauge'"),
        (SMALLEST.replace('"levels"', '"gauge.alerts"'), "writes to"),
        (SMALLEST.replace('"levels"', "5"), "detector.topic"),
    ],
)
def test_a_file_that_says_no_detector_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """Whatever is wrong with the file, one clear line says what."""
    lines = refused(tmp_path, text)
    assert said in "\n".join(lines)


def test_a_file_of_other_bytes_is_refused(tmp_path: Path) -> None:
    """A file that is no UTF-8, is missing or is a folder gives one line."""
    file = tmp_path / "floodline.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="is not TOML"):
        load(file, {})
    with pytest.raises(ConfigurationError, match="there is no such file; check --config"):
        load(tmp_path / "other.toml", {})
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path, {})


def test_the_client_gets_only_what_is_set(tmp_path: Path) -> None:
    """Settings without a value are left to librdkafka's own defaults."""
    assert loaded(tmp_path)[0].kafka.client() == {
        "bootstrap.servers": "127.0.0.1:9092",
        "security.protocol": "PLAINTEXT",
    }


def test_a_fixed_initial_threshold_replaces_the_rarity(tmp_path: Path) -> None:
    """With initial_score the first rule is a score."""
    rule = loaded(tmp_path, SMALLEST + "[threshold]\ninitial_score = 0.9\n")[0].initial_rule
    assert (rule.score, rule.rarity) == (0.9, None)


def test_every_setting_says_what_it_is() -> None:
    """Each key of each section has a description, and sections are frozen."""
    for name, field in Configuration.model_fields.items():
        section = field.annotation
        assert inspect.isclass(section), name
        assert issubclass(section, Section)
        assert section.__doc__
        for key, setting in section.model_fields.items():
            assert setting.description, f"{name}.{key}"


def test_a_fault_of_a_whole_section_says_where_and_what(tmp_path: Path) -> None:
    """A setting that its profile does not have: the file, the section, what would do."""
    text = SMALLEST + '[model]\nprofile = "river"\nmemory = 5000\n'
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text, {}, {})
    assert str(caught.value) == (
        f"{tmp_path / 'floodline.toml'}: model: memory: not a setting of profile 'river', which "
        "has height, seed, trees, window"
    )
