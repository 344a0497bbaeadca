"""Compiled kernels on disk, each file behind a checksum: a damaged one counts as absent."""

import hashlib
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core.caching import IndexDataCacheFile
from numba.core.serialize import dumps

_DIGEST = 32
_dumps: Callable[[Any], bytes] = dumps


class CheckedFiles(IndexDataCacheFile):
    """The files in which Numba keeps one kernel: an index, and machine code for each signature.

    A power cut or a full disk can leave them cut short. Numba would stop with a traceback, or run
    what is left. Here such a file is warned of once a process, compiled anew and overwritten.
    """

    def _load_index(self) -> dict[Any, str]:
        try:
            version, stamp, overloads = self._read(Path(self._index_path))
        except FileNotFoundError:
            return {}
        fits = (version, stamp) == (self._version, self._source_stamp)
        return overloads if fits else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        content = (self._version, self._source_stamp, overloads)
        self._write(Path(self._index_path), content)

    def _load_data(self, name: str) -> Any:
        return self._read(Path(self._cache_path) / name)

    def _save_data(self, name: str, data: Any) -> None:
        self._write(Path(self._cache_path) / name, data)

    def _read(self, file: Path) -> Any:
        """What `_write` wrote.

        Raises:
            FileNotFoundError: it is not there, or damaged.
        """
        content = file.read_bytes()
        digest, data = content[:_DIGEST], content[_DIGEST:]
        if hashlib.sha256(data).digest() != digest:
            warnings.warn(
                f"compiled kernels in {file.parent} are damaged: they are compiled anew, which "
                "takes up to a minute; if this comes again, delete the folder",
                RuntimeWarning,
                stacklevel=2,
            )
            raise FileNotFoundError(file)
        return pickle.loads(data)  # noqa: S301  # our own, as Numba keeps its own

    def _write(self, file: Path, content: Any) -> None:
        data = _dumps(content)
        with self._open_for_write(str(file)) as opened:
            opened.write(hashlib.sha256(data).digest() + data)


def checked(kept: Any, stamp: str) -> CheckedFiles:
    """The same files under names of their own, for kernels whose sources have this stamp."""
    base = str(kept._index_name).removesuffix(".nbi")  # noqa: SLF001  # Numba has no public name
    files: Any = CheckedFiles  # Numba's own `__init__` has no types
    made: CheckedFiles = files(kept._cache_path, f"{base}.checked", stamp)  # noqa: SLF001
    return made
