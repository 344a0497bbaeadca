"""`floodline releases list` on a database."""

import json

from sqlalchemy import Engine
from typer.testing import CliRunner

from cli.main import app
from tests.integration.api.lessons import TREES, retrain, teach
from tests.integration.storage.samples import DETECTOR


def _list(engine: Engine, *words: str) -> str:
    env = {
        "FLOODLINE_DETECTOR__NAME": DETECTOR,
        "FLOODLINE_DETECTOR__TOPIC": "events",
        "FLOODLINE_DETECTOR__FEATURES": "amount",
        "FLOODLINE_DATABASE__URL": engine.url.render_as_string(hide_password=False),
    }
    done = CliRunner().invoke(app, ["releases", "list", *words], env=env)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_a_list_that_is_cut_short_says_how_many_there_are(sqlite_engine: Engine) -> None:
    """The newest twenty and the count of all, of a kind too; a whole list says no more."""
    for number in range(1, 23):
        teach(sqlite_engine, number)
    retrain(sqlite_engine, 23, TREES)
    lines = _list(sqlite_engine).splitlines()
    assert (len(lines), lines[0].split()[0], lines[19].split()[0]) == (21, "23", "4")
    assert lines[-1] == "20 of 23, the newest; --limit 23 shows all"
    assert len(_list(sqlite_engine, "--limit", "23").splitlines()) == 23
    assert _list(sqlite_engine, "--kind", "teaching").splitlines()[-1].startswith("20 of 22,")
    assert len(_list(sqlite_engine, "--kind", "retrain").splitlines()) == 1
    told = json.loads(_list(sqlite_engine, "--limit", "2", "--json"))
    assert ([each["number"] for each in told["releases"]], told["total"]) == ([23, 22], 23)
