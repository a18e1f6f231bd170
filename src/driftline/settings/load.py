"""From the text of a settings file to `Settings`, or one error with everything that is wrong."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel, ValidationError

from driftline.channels import channel_kinds
from driftline.errors import SettingsError, nearest
from driftline.settings.channels import ChannelSettings
from driftline.settings.faults import INTERNAL, Fault, faults_of, keys, written_path
from driftline.settings.models import ReferenceSource, Settings
from driftline.settings.reading import Path, Read, read_yaml
from driftline.settings.rows import Labels, Predictions
from driftline.settings.serving import Shared
from driftline.sources import source_kinds

_INHERITED = ("alarms", "performance", "every", "timezone", "patience", "retention", "channels")
_SOURCES: dict[str, type[BaseModel]] = {
    "predictions": Predictions,
    "labels": Labels,
    "reference": ReferenceSource,
}


def load_settings(path: str | os.PathLike[str]) -> Settings:
    """The settings in a file.

    Raises SettingsError, with every fault, when it is wrong or cannot be read.
    """
    try:
        text = FilePath(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        hint = "no such file; `driftline init DATA` writes one"
        raise SettingsError([hint], os.fspath(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"cannot be read: {error}"], os.fspath(path)) from None
    return parse_settings(text, os.environ, path)


def left_out_of(path: str | os.PathLike[str]) -> list[str]:
    """The optional channels that a file leaves out in this environment, in words."""
    return read_yaml(FilePath(path).read_text(encoding="utf-8-sig"), os.environ).left_out


def parse_settings(
    text: str, environ: Mapping[str, str], where: str | os.PathLike[str] = "driftline.yaml"
) -> Settings:
    """The settings in `text`.

    Args:
        text: YAML or JSON.
        environ: where `${NAME}` is looked up.
        where: the path of the file; relative paths in it are taken from its folder.

    Raises SettingsError with every fault.
    """
    read = read_yaml(text, environ)
    if not isinstance(read.tree, dict):
        fault = (
            "nothing in it" if read.tree is None else "must be a section of keys (store, models)"
        )
        raise _error(
            read, read.faults or [((), f"{fault}; `driftline init DATA` writes one")], where
        )
    return _Checker(read, FilePath(where).absolute().parent).settings(where)


def _error(read: Read, faults: Collection[Fault], where: str | os.PathLike[str]) -> SettingsError:
    ordered = sorted(faults, key=lambda fault: _line(read, fault[0]) or 0)
    told = [_told(read, path, message) for path, message in ordered]
    return SettingsError(dict.fromkeys(told), os.fspath(where))


def _told(read: Read, path: Path, message: str) -> str:
    if not path:
        return message
    line = _line(read, path)
    prefix = f"line {line}: " if line else ""
    return f"{prefix}{written_path(path, read.tree)}: {message}"


def _line(read: Read, path: Path) -> int | None:
    for end in range(len(path), 0, -1):
        if path[:end] in read.lines:
            return read.lines[path[:end]]
    return None


class _Broken(BaseModel):
    """Stands where the settings of a part are wrong, so that the rest is checked too."""


class _Checker:
    """Checks the values of one file; collects faults until the end."""

    def __init__(self, read: Read, folder: FilePath) -> None:
        self._read = read
        self._faults: list[Fault] = list(read.faults)
        self._context: dict[str, Any] = {"folder": folder}
        self._inherited: set[Path] = set()
        self._named: dict[str, Any] = {}
        self._others: dict[Path, Collection[str]] = {}
        self._quiet: set[Path] = {path for path, _ in read.faults}

    def settings(self, where: str | os.PathLike[str]) -> Settings:
        tree = {"log": {}, **self._read.tree}
        self._context["shared"] = self._shared(tree)
        tree["channels"] = self._channels(tree.get("channels"), ("channels",))
        models = tree.get("models")
        if isinstance(models, list):
            self._repeated_names(models)
            tree["models"] = [self._model(m, tree, ("models", i)) for i, m in enumerate(models)]
        found: Settings | None = None
        try:
            found = Settings.model_validate(tree, context=self._context)
        except ValidationError as error:
            self._add(faults_of(error, Settings, self._read, others=self._others))
        if found is None or self._faults:
            raise _error(self._read, self._faults, where)
        return found

    def _shared(self, tree: Mapping[str, Any]) -> Shared:
        """The values that are right; the others are told with the rest of the file."""
        given = {"log": tree["log"], **({"store": tree["store"]} if "store" in tree else {})}
        for values in (given, {"log": given["log"]}):
            with suppress(ValidationError):
                return Shared.model_validate(values, context=self._context)
        return Shared.model_validate({"log": {}}, context=self._context)

    def _add(self, faults: Any) -> None:
        """Keep faults, but not what only follows from another one or is told at the top level."""
        found = list(faults)
        for path, message in found:
            above = {path[:end] for end in range(len(path) + 1)}
            told_above = above & self._inherited and (path[2:], message) in found
            if not above & self._quiet and not told_above:
                self._faults.append((path, message))

    def _repeated_names(self, models: list[Any]) -> None:
        first: dict[str, int] = {}
        for i, model in enumerate(models):
            name = str(model.get("name")) if isinstance(model, dict) and "name" in model else None
            if name is not None and first.setdefault(name, i) != i:
                told = f'the name "{name}" is taken by models[{first[name]}]; names must differ'
                self._faults.append((("models", i, "name"), told))

    def _model(self, model: Any, top: Mapping[str, Any], path: Path) -> Any:
        if not isinstance(model, dict):
            return model
        model = dict(model)
        own_channels = "channels" in model
        for key in _INHERITED:
            self._inherit(model, top, key, path)
        if own_channels:
            model["channels"] = self._channels(model["channels"], (*path, "channels"))
        for key, role in _SOURCES.items():
            section = model.get(key)
            if isinstance(section, dict) and (key != "reference" or "source" in section):
                around = {"model": model.get("name"), "version": model.get("version")}
                with self._inside({**around, "section": key}):
                    model[key] = self._source(section, role, (*path, key))
        return model

    def _inherit(self, model: dict[str, Any], top: Mapping[str, Any], key: str, path: Path) -> None:
        """Give a model the top-level default; sections are taken over key by key."""
        if key not in top:
            return
        own = model.get(key)
        if own is None:
            model[key] = top[key]
            self._inherited.add((*path, key))
        elif isinstance(own, dict) and isinstance(top[key], dict):
            model[key] = {**top[key], **own}
            self._inherited |= {(*path, key, name) for name in top[key].keys() - own.keys()}

    @contextmanager
    def _inside(self, around: Mapping[str, Any]) -> Iterator[None]:
        """Checks within it know what the file says around their values (`told_around`)."""
        before, self._context = self._context, {**self._context, **around}
        try:
            yield
        finally:
            self._context = before

    def _source(self, section: dict[str, Any], role: type[BaseModel], path: Path) -> Any:
        kinds = source_kinds()
        kind = kinds.get(str(section.get("source")))
        rest = self._without(section, "source", path)
        if kind is None:
            self._no_such_kind(section, "source", kinds, path)
            theirs = {name for one in kinds.values() for name in keys(one.settings)}
            near = {name for name in rest.keys() - theirs if nearest(name, keys(role))}
            near |= rest.keys() & set(keys(role))
            return {"origin": _Broken(), **{name: rest[name] for name in near}}
        own, roles = _split(rest, kind.settings, role)
        self._others[path] = {*keys(kind.settings), "source"}
        return {"origin": self._part(kind.settings, own, path), **roles}

    def _without(self, section: dict[str, Any], key: str, path: Path) -> dict[str, Any]:
        """The section without the key that names its kind; the names of our own fields that no
        file may hold are faults."""
        for name in section.keys() & set(INTERNAL):
            self._faults.append(((*path, name), "unknown key"))
        return {n: value for n, value in section.items() if n != key and n not in INTERNAL}

    def _channels(self, channels: Any, path: Path) -> Any:
        if channels is None:  # nothing is found in silence
            return [self._channel({"kind": "stderr"}, (*path, 0))]
        if not isinstance(channels, list):
            return channels
        made = [self._channel(channel, (*path, i)) for i, channel in enumerate(channels)]
        here: set[str] = set()
        for i, channel in enumerate(made):
            name = channel.get("name") if isinstance(channel, dict) else None
            if not isinstance(name, str) or (*path, i) in self._quiet:
                continue
            if name in here or self._named.setdefault(name, channel) != channel:
                told = f'a second channel called "{name}"; give one of them another `name`'
                self._faults.append(((*path, i), told))
            here.add(name)
        return made

    def _channel(self, section: Any, path: Path) -> Any:
        if not isinstance(section, dict):
            return section
        kinds = channel_kinds()
        kind = kinds.get(str(section.get("kind")))
        rest = self._without(section, "kind", path)
        if kind is None:
            self._no_such_kind(section, "kind", kinds, path)
            self._quiet.add(path)
            return {"options": _Broken(), "name": "?"}
        self._known_models(rest.get("models"), (*path, "models"))
        own, common = _split(rest, kind.settings, ChannelSettings)
        self._others[path] = {*keys(kind.settings), "kind"}
        return {"options": self._part(kind.settings, own, path), "name": kind.name, **common}

    def _known_models(self, names: Any, path: Path) -> None:
        """Every model that a channel is to tell of must be one of the file's."""
        models = self._read.tree.get("models")
        found = [m for m in models if isinstance(m, dict)] if isinstance(models, list) else []
        known = [str(model["name"]) for model in found if "name" in model]
        for i, name in enumerate(names if isinstance(names, list) else []):
            if str(name) not in known:
                told = f'no model is called "{name}"{nearest(str(name), known)}'
                self._faults.append(((*path, i), told))

    def _no_such_kind(
        self, section: Mapping[str, Any], key: str, kinds: Collection[str], path: Path
    ) -> None:
        if path in self._quiet or (*path, key) in self._quiet:
            return
        there = (
            f"there are {', '.join(kinds)}" if len(kinds) > 1 else f"there is {', '.join(kinds)}"
        )
        if key not in section:
            self._faults.append(((*path, key), f"missing; {there}"))
        else:
            found = str(section[key])
            told = f'no such kind as "{found}"; {there}{nearest(found, kinds)}'
            self._faults.append(((*path, key), told))

    def _part(self, model: type[BaseModel], values: dict[str, Any], path: Path) -> BaseModel:
        try:
            return model.model_validate(values, context=self._context)
        except ValidationError as error:
            self._add(faults_of(error, model, self._read, path))
            return _Broken()


def _split(
    section: Mapping[str, Any], part: type[BaseModel], common: type[BaseModel]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The keys that are the part's own, and the others."""
    mine = set(keys(part)) - set(keys(common))
    own = {name: value for name, value in section.items() if name in mine}
    return own, {name: value for name, value in section.items() if name not in mine}
