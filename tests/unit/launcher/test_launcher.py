"""The `floodline` command where the processes are not installed, and where it is interrupted."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LAUNCH = [sys.executable, "-m", "floodline.launcher"]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `floodline` of an environment that holds our wheel and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", str(folder)], check=True, capture_output=True)
    (wheel,) = folder.glob("floodline-*.whl")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    target = ["--python", str(venv / "bin" / "python"), "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, *target, str(wheel)], check=True, capture_output=True)
    return venv / "bin" / "floodline"


def run(command: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [str(command), "demo"], env=environment, cwd=folder, capture_output=True, text=True
    )


def test_the_wheel_alone_says_so(command: Path, tmp_path: Path) -> None:
    """One message without a traceback, and exit code 3."""
    done = run(command, tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith("floodline: this is the library alone.")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("file", ["cli.py", "cli/__init__.py", "cli/main.py"])
def test_another_package_called_cli_is_not_ours(command: Path, tmp_path: Path, file: str) -> None:
    """A foreign module, package or command line of that name is neither run nor taken for ours."""
    foreign = tmp_path / file
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("raise RuntimeError('foreign code ran')")
    done = run(command, tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
    assert "library alone" in done.stderr


def test_an_interrupt_while_it_loads_is_quiet(tmp_path: Path) -> None:
    """SIGINT during the imports: exit code 130 and not a word."""
    package = tmp_path / "cli"
    package.mkdir()
    for name in ("__init__", "consume_command"):
        (package / f"{name}.py").touch()
    loading = "import time\nprint('loading', flush=True)\ntime.sleep(60)\n"
    (package / "main.py").write_text(loading)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    with subprocess.Popen(
        LAUNCH,
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell's background job, as this run may be, ignores interrupts, and so do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"loading\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, b"")
