"""Who may read SQLite's files."""

import stat
from pathlib import Path

from floodline.storage.engine import open_engine


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_new_files_are_their_owners_alone(tmp_path: Path) -> None:
    """Folder, database, WAL and its index are closed to other users of the machine."""
    file = tmp_path / "new" / "floodline.db"
    engine = open_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a INTEGER)")
        made = sorted(file.parent.iterdir())
        assert [each.name for each in made] == [
            "floodline.db",
            "floodline.db-shm",
            "floodline.db-wal",
        ]
        assert [_mode(each) for each in made] == [0o600] * 3
    assert _mode(file.parent) == 0o700
    engine.dispose()


def test_files_that_exist_keep_their_mode(tmp_path: Path) -> None:
    """Whoever opened folder or file to others has their reasons."""
    tmp_path.chmod(0o750)
    file = tmp_path / "floodline.db"
    file.touch()
    file.chmod(0o640)
    engine = open_engine(f"sqlite:///{file}")
    engine.connect().close()
    assert (_mode(tmp_path), _mode(file)) == (0o750, 0o640)
    engine.dispose()
