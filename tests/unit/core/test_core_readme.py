"""The README of the core tells the truth: its example runs, its tests and modules exist."""

from __future__ import annotations

import re
from pathlib import Path

import atlas_hub_core

HERE = Path(__file__).parent
PACKAGE = Path(atlas_hub_core.__file__).parent
README = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")


def test_the_example_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102  it is our own text


def test_every_named_test_exists() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", README))
    assert len(named) > 20
    assert {name for name in named if f"def {name}(" not in tests} == set()


def test_every_module_is_listed() -> None:
    rooms = README.partition("## The rooms")[2].partition("##")[0]
    listed = set(re.findall(r"`(\w+)/?`", rooms))
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert listed == modules - {"__init__"} | packages
