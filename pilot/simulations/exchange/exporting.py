"""Scenarios as YAML that ``run_simulations`` and the import take, word for word. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from pilot.simulations.script import Script


class _Dumper(yaml.SafeDumper):
    """Lists are set in, as people write them; long texts keep their lines."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    lines = value.split("\n")
    if not all(line.isprintable() for line in lines):
        style: str | None = '"'  # other ends of lines and signs that no editor shows are written out
    elif len(lines) > 1 and value == value.strip() and all(line == line.rstrip() for line in lines):
        style = "|"
    else:
        style = None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def script_dump(script: Script) -> str:
    """Return one scenario as YAML."""
    return _dumped(_written(script.as_json()))


def suite_dump(name: str, scripts: Sequence[Script]) -> str:
    """Return a suite as one file."""
    return _dumped({"suite": name, "scenarios": [_written(script.as_json()) for script in scripts]})


def _written(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition as people write it: a list of one as its only item."""
    written = dict(definition)
    if "expect" in written:
        written["expect"] = _plain(written["expect"])
    written["steps"] = [
        {**step, "expect": _plain(step["expect"])} if "expect" in step else dict(step)
        for step in written["steps"]
    ]
    return written


def _plain(expect: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in expect.items():
        one = value[0] if isinstance(value, list) and len(value) == 1 else value
        found[name] = one["action"] if isinstance(one, dict) and list(one) == ["action"] else one
    return found


def _dumped(content: Any) -> str:
    return str(yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9))
