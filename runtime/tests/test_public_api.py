"""What the runtime promises to whoever imports it: its types, a program, and no compiler."""

import importlib
import importlib.metadata
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import remit_runtime

NEVER_LOADED = [
    "remit",
    "ruamel",
    "ruamel.yaml",
    "networkx",
    "jinja2",
    "git",
    "pydantic",
    "jsonschema",
    "z3",
    "pydantic_ai",
    "nox",
]
OF_AN_EXTRA = {"remit_runtime.models.transport", "remit_runtime.models.wire"}
"""What speaks through the libraries of the extra `models`: loaded when a provider is asked, and by nothing else."""


def module_names() -> list[str]:
    """Every module of the runtime, but those that only start a program and those of an extra."""
    [folder] = map(Path, remit_runtime.__path__)
    paths = [path.relative_to(folder.parent).with_suffix("") for path in sorted(folder.rglob("*.py"))]
    names = {".".join(path.parts).removesuffix(".__init__") for path in paths}
    assert names >= OF_AN_EXTRA
    return sorted(name for name in names - OF_AN_EXTRA if not name.endswith(".__main__"))


@pytest.mark.parametrize("name", module_names())
def test_what_a_module_exports_exists(name: str) -> None:
    module = importlib.import_module(name)
    assert [each for each in getattr(module, "__all__", []) if not hasattr(module, each)] == []


def test_no_module_loads_the_compiler_or_its_libraries() -> None:
    program = (
        "import importlib, sys\n"
        f"for name in {module_names()!r}: importlib.import_module(name)\n"
        f"print(sorted(set({NEVER_LOADED!r}) & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"


def test_importing_the_package_loads_no_room() -> None:
    program = "import sys, remit_runtime\nprint([name for name in sys.modules if name.startswith('remit_runtime.')])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"


def test_the_package_says_that_it_is_typed() -> None:
    assert files("remit_runtime").joinpath("py.typed").is_file()


def test_the_distribution_starts_remitd() -> None:
    [script] = importlib.metadata.entry_points(group="console_scripts", name="remitd")
    assert callable(script.load())
