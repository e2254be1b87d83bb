"""The order of the tests themselves: what they may import, and what pyproject.toml must declare for them."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, also inside functions; of `from package import name` also `package.name`.
    What `pytest.importorskip` names is optional and left out: the test is skipped without it."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from (module, *(f"{module}.{alias.name}" for alias in names))


def distribution(requirement: str) -> str:
    """The normalised name (PEP 503) in a requirement such as `pypdf[crypto]>=7.1.0`."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]).lower()


def undeclared(folder: Path, requirements: list[str]) -> set[str]:
    """Third-party packages that the files of `folder` import and none of the requirements names."""
    declared = {distribution(entry) for entry in requirements}
    own = {"ragcli", "tests", "benchmarks", *(path.stem for path in folder.rglob("*.py"))}
    providers = packages_distributions()
    names = {name.partition(".")[0] for path in folder.rglob("*.py") for name in imported(path)}
    return {
        name
        for name in names - own - sys.stdlib_module_names
        if declared.isdisjoint(distribution(entry) for entry in providers.get(name, [name]))
    }


BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))


def test_no_benchmark_takes_the_place_of_a_module_of_python() -> None:
    """The folder of a script comes first among the places of modules: `secrets.py` beside it would be what Python imports."""
    assert {path.stem for path in BENCHMARKS} & sys.stdlib_module_names == set()


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_what_a_benchmark_takes_of_the_program_is_there(path: Path) -> None:
    missing, tree = list[str](), ast.parse(path.read_text())
    tree.body = [node for node in tree.body if not isinstance(node, ast.If)]  # imports for type checking alone
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "ragcli":
            module = importlib.import_module(str(node.module))
            missing += [alias.name for alias in node.names if not there(module, alias.name)]
    assert missing == []


def there(module: ModuleType, name: str) -> bool:
    """Whether the module has something of this name, which may be a module of its own."""
    if hasattr(module, name):
        return True
    return hasattr(module, "__path__") and importlib.util.find_spec(f"{module.__name__}.{name}") is not None


@pytest.mark.parametrize("path", sorted(TESTS.rglob("test_*.py")), ids=lambda path: path.name)
def test_no_test_module_imports_another_one(path: Path) -> None:
    assert [name for name in imported(path) if re.search(r"\btest_\w+", name)] == []


@pytest.mark.parametrize("folder", ["tests", "benchmarks", "examples"])
def test_what_tests_benchmarks_and_examples_import_is_declared(folder: str) -> None:
    extras = PROJECT["optional-dependencies"]
    installed = [e for name in ("dev", "models", "llama", "mcp", "serve") for e in extras[name]]  # as the Makefile does
    assert undeclared(ROOT / folder, [*PROJECT["dependencies"], *installed]) == set()


def test_what_the_program_imports_is_declared_without_the_extra_for_developers() -> None:
    extras = {name: entries for name, entries in PROJECT["optional-dependencies"].items() if name != "dev"}
    assert (
        undeclared(ROOT / "ragcli", [*PROJECT["dependencies"], *(e for entries in extras.values() for e in entries)])
        == set()
    )


def test_a_slow_test_may_take_longer_than_the_others(
    pytestconfig: pytest.Config, request: pytest.FixtureRequest
) -> None:
    from tests.conftest import SLOW_SECONDS, pytest_collection_modifyitems

    limit = float(pytestconfig.getini("timeout"))
    item = pytest.Function.from_parent(request.node.parent, name="slow", callobj=lambda: None)
    item.add_marker("slow")
    pytest_collection_modifyitems([item])
    marker = item.get_closest_marker("timeout")
    assert marker is not None
    assert marker.args == (SLOW_SECONDS,)
    assert 60 <= limit < SLOW_SECONDS
