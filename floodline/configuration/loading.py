"""floodline.toml, then environment, then flags: the later one wins."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError

PREFIX = "FLOODLINE_"
FILE = "floodline.toml"
CONFIG_VARIABLE = "FLOODLINE_CONFIG"
_MOST_NAMED = 40
_MOST_COMPARED = 10_000
Tree = dict[str, dict[str, Any]]
Origins = dict[str, str]


def load(
    path: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any] | None = None
) -> tuple[Configuration, Origins]:
    """The configuration and, by `section.key`, where each given value came from.

    Args:
        path: the TOML file; None takes $FLOODLINE_CONFIG, then floodline.toml if it is there.
        environment: `FLOODLINE_SECTION__KEY` variables, for a table within a section
            `FLOODLINE_SECTION__TABLE__KEY`; with `_FILE` behind, a file with the value.
        flags: values by `section.key`; None values are left out.

    Raises:
        ConfigurationError: with every fault at once: what, where from, what to do.
    """
    tree: Tree = {}
    origins: Origins = {}
    file = _choose(path, environment)
    if file is not None:
        _merge(tree, origins, _read(file), str(file))
    _merge_environment(tree, origins, environment)
    for name, value in (flags or {}).items():
        if value is not None:
            _put(tree, origins, name, value, "flag")
    faults = _unknown(tree, origins)
    if faults:
        raise ConfigurationError("\n".join(faults))
    if "detector" not in tree:
        raise ConfigurationError(_no_detector(file))
    try:
        return Configuration.model_validate(tree), origins
    except ValidationError as error:
        raise ConfigurationError(_explain(error, origins)) from error


def _choose(path: Path | None, environment: Mapping[str, str]) -> Path | None:
    if path is not None:
        return path
    if CONFIG_VARIABLE in environment:
        return Path(environment[CONFIG_VARIABLE])
    default = Path(FILE)
    return default if default.exists() else None


def _no_detector(file: Path | None) -> str:
    if file is None:
        return (
            f"no {FILE} here, and no FLOODLINE_DETECTOR__... variables: write one "
            "(`floodline config example` prints it), or name it with --config"
        )
    return f"{file}: section [detector] is missing; `floodline config example` prints one"


def _read(file: Path) -> Tree:
    try:
        tree = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{file}: there is no such file; check --config") from error
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: is not TOML: {error}") from error
    for name, section in tree.items():
        if not isinstance(section, dict):
            raise ConfigurationError(f"{file}: {name!r} stands outside any [section]; move it")
    return tree


def _merge(tree: Tree, origins: Origins, given: Tree, origin: str) -> None:
    for section, values in given.items():
        tree.setdefault(section, {})
        for key, value in values.items():
            _put(tree, origins, f"{section}.{key}", value, origin)


def _put(tree: Tree, origins: Origins, name: str, value: Any, origin: str) -> None:
    section, _, key = name.partition(".")
    tree.setdefault(section, {})[key] = value
    origins[name] = origin


def _put_into(tree: Tree, origins: Origins, name: str, inner: str, value: str, origin: str) -> None:
    """Set one key of a table such as `store.options`; the table's other keys stay."""
    section, _, table = name.partition(".")
    held = tree.setdefault(section, {}).get(table, {})
    if isinstance(held, dict):  # anything else is refused by the model
        tree[section][table] = {**held, inner: value}
    origins.setdefault(name, origin)
    origins[f"{name}.{inner}"] = origin


def _merge_environment(tree: Tree, origins: Origins, environment: Mapping[str, str]) -> None:
    for variable in sorted(environment):
        if not variable.startswith(PREFIX) or "__" not in variable:
            continue
        section, _, key = variable.removeprefix(PREFIX).lower().partition("__")
        value = environment[variable]
        if key.endswith("_file") and not _known(section, key):
            key = key.removesuffix("_file")
            value = _secret(variable, Path(value))
        table, _, inner = key.partition("__")
        if inner and _table(section, table) is not None:
            _put_into(tree, origins, f"{section}.{table}", inner, value, variable)
        else:
            _put(tree, origins, f"{section}.{key}", _typed(section, key, value), variable)


def _secret(variable: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigurationError(f"{variable}={file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{variable}={file}: is not UTF-8 text") from error


def _section(name: str) -> type[BaseModel] | None:
    field = Configuration.model_fields.get(name)
    kind = field.annotation if field else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _table(section: str, key: str) -> type[BaseModel] | None:
    """The settings of a table within a section; None where the key is no table."""
    kind = _section(section)
    field = kind.model_fields.get(key) if kind else None
    inner = field.annotation if field else None
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _known(section: str, key: str) -> bool:
    kind = _section(section)
    return kind is not None and key in kind.model_fields


def _typed(section: str, key: str, value: str) -> str | list[str]:
    """A list setting takes its parts by comma; the rest is for the model to read."""
    kind = _section(section)
    field = kind.model_fields.get(key) if kind else None
    if field is not None and "tuple" in str(field.annotation):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _unknown(tree: Tree, origins: Origins) -> list[str]:
    faults = []
    for section, values in tree.items():
        kind = _section(section)
        if kind is None:
            where = next((o for n, o in origins.items() if n.startswith(f"{section}.")), "the file")
            hint = did_you_mean(section, _sections())
            faults.append(f"{where}: unknown section [{section}]{hint}")
            continue
        for key in values:
            if key not in kind.model_fields:
                hint = did_you_mean(key, list(kind.model_fields))
                faults.append(f"{origins[f'{section}.{key}']}: unknown key {section}.{key}{hint}")
            table, held = _table(section, key), values[key]
            if table is not None and isinstance(held, dict):
                faults += _unknown_of_table(table, f"{section}.{key}", held, origins)
    return faults


def _unknown_of_table(
    table: type[BaseModel], name: str, held: Mapping[str, Any], origins: Origins
) -> list[str]:
    known = list(table.model_fields)
    return [
        f"{origins.get(f'{name}.{key}', origins[name])}: unknown key {name}.{key}"
        + did_you_mean(key, known)
        for key in held
        if key not in known
    ]


def _sections() -> list[str]:
    return list(Configuration.model_fields)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, else the first 40."""
    close = difflib.get_close_matches(name, known[:_MOST_COMPARED], n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    more = f" and {len(known) - _MOST_NAMED:,} more" if len(known) > _MOST_NAMED else ""
    return f"; known: {', '.join(known[:_MOST_NAMED])}{more}"


def _explain(error: ValidationError, origins: Origins) -> str:
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in fault["loc"])
        key = ".".join(name.split(".")[:2])
        # What holds for a whole section was said where its first key was.
        of_section = (origin for each, origin in origins.items() if each.startswith(f"{key}."))
        origin = origins.get(name) or origins.get(key) or next(of_section, "the configuration")
        said = fault["msg"].removeprefix("Value error, ")
        lines.append(f"{origin}: {name or 'detector'}: {said}")
    return "\n".join(lines)
