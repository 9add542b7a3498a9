"""`repo-map`: the map of a small repository, as a reader sees it, and that nothing is left out in silence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.gateway.executables import program

GOLDEN = Path(__file__).parent / "golden"

SHOP = {
    "README.md": "# Shop\n",
    "pyproject.toml": '[project]\nname = "shop"\n\n[project.scripts]\nshop = "shop.cli:main"\n',
    "src/shop/__init__.py": '"""A shop."""\n',
    "src/shop/cart.py": '''"""A cart of things."""

from shop import tax
from .thing import Thing

LIMIT = 10


class Cart:
    """Things to buy."""

    def add(self, thing: Thing) -> None:
        """Puts a thing in."""

    def _check(self) -> None: ...


def total(cart: Cart, *, rate: str | None = None) -> int:
    """What the cart costs, in cents."""
    return tax.with_tax(0)
''',
    "src/shop/tax.py": '"""Taxes | and *duties*."""\n\n\ndef with_tax(cents: int) -> int: ...\n',
    "src/shop/thing.py": "from dataclasses import dataclass\n\n\nclass Thing: ...\n",
    "src/shop/cli.py": '"""The command."""\n\nimport requests\n\nfrom shop import cart, tax\n\n\n'
    "def main() -> int: ...\n",
    "tests/test_cart.py": "import shop.cart\n\n\ndef test_empty() -> None: ...\n\n\ndef test_full() -> None: ...\n",
    "tools/release.py": 'if __name__ == "__main__":\n    print("go")\n',
    "tools/broken.py": "def (:\n",
}


def ran(name: str, folder: Path, request: Any) -> dict[str, Any]:
    """What a program answers in a folder."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", program(name)],
        cwd=folder,
        input=json.dumps(request).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def mapped(folder: Path, files: dict[str, str], entry_points: tuple[str, ...] = ()) -> dict[str, Any]:
    """The map of these files."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, "utf-8")
    symbols = ran("code_symbols.py", folder, {"paths": list(files)})["files"]
    request = {"files": list(files), "symbols": symbols, "entry_points": list(entry_points)}
    return ran("repo_map.py", folder, request)


@pytest.fixture
def shop(tmp_path: Path) -> dict[str, Any]:
    points = (
        'pyproject.toml:5:shop = "shop.cli:main"',
        'pyproject.toml:9:mypy_path = "compiler:runtime"',
        'tools/release.py:1:if __name__ == "__main__":',
        "not an entry point",
    )
    return mapped(tmp_path, SHOP, points)


def test_the_page_is_the_one_a_reader_sees(shop: dict[str, Any]) -> None:
    assert shop["markdown"] == (GOLDEN / "shop.md").read_text("utf-8")


def test_things_are_counted(shop: dict[str, Any]) -> None:
    assert shop["map"]["counts"] == {
        "files": 10,
        "lines": sum(text.count("\n") for text in SHOP.values()),
        "modules": 7,
        "packages": 3,
        "public": 9,
        "symbols": 10,
        "tests": 1,
    }


def test_modules_know_who_imports_them(shop: dict[str, Any]) -> None:
    modules = {module["name"]: module for module in shop["map"]["modules"]}
    assert modules["shop.cart"]["imports"] == ["src/shop/tax.py", "src/shop/thing.py"]
    assert modules["shop.tax"]["imported_by"] == ["src/shop/cart.py", "src/shop/cli.py"]
    assert modules["shop.cart"]["imported_by"] == ["src/shop/cli.py", "tests/test_cart.py"]
    assert modules["shop.cli"]["external"] == ["requests"]
    assert shop["map"]["most_imported"][0]["name"] == "shop.cart"


def test_entry_points_are_scripts_of_modules_that_are_there(shop: dict[str, Any]) -> None:
    kinds = [(one["path"], one["kind"]) for one in shop["map"]["entry_points"]]
    assert kinds == [("pyproject.toml", "script"), ("tools/release.py", "main")]


def test_a_file_that_does_not_parse_is_listed_with_its_line(shop: dict[str, Any]) -> None:
    (broken,) = shop["map"]["unreadable"]
    assert broken["path"] == "tools/broken.py"
    assert "line 1" in broken["error"]


def test_the_order_of_the_input_does_not_matter(tmp_path: Path, shop: dict[str, Any]) -> None:
    points = ('tools/release.py:1:if __name__ == "__main__":', 'pyproject.toml:5:shop = "shop.cli:main"')
    assert mapped(tmp_path, dict(reversed(SHOP.items())), points) == shop


def test_a_repository_without_code_has_a_map_too(tmp_path: Path) -> None:
    found = mapped(tmp_path, {"README.md": "# Words\n"})
    assert found["map"]["counts"]["files"] == 1
    assert found["markdown"].startswith("# Repository map\n\n1 file · 1 line · 0 Python modules")
    assert mapped(tmp_path, {})["map"]["counts"]["files"] == 0


def test_what_does_not_fit_is_counted_in_the_map_and_on_the_page(tmp_path: Path) -> None:
    files = {f"m{n:03}.py": "".join(f"def f{k}(): ...\n" for k in range(30)) for n in range(410)}
    found = mapped(tmp_path, files)
    assert found["map"]["omitted"] == {"modules": 0, "symbols": 410 * 30 - 8_000}
    assert found["map"]["counts"]["symbols"] == 410 * 30
    assert "  - … and 18 more\n" in found["markdown"]
    assert "… and 10 more modules\n" in found["markdown"]
    assert "Left out of the map: 4,300 symbols.\n" in found["markdown"]


def test_somebody_elses_text_stays_text(tmp_path: Path) -> None:
    head = '"""<script>x</script> [a](http://b) ![c](d) `unclosed | \u202etxt."""\n'
    evil = f'{head}\n\ndef f(a="`|`"):\n    """# Title"""\n'
    page = mapped(tmp_path, {"a.py": evil, "b.py": "import a\n", "c.py": "import a\n", "we`ird|.py": ""})[
        "markdown"
    ]
    assert "<script>" not in page
    assert "[a](http" not in page
    assert "\u202e" not in page
    assert "``we`ird|.py``" in page
    assert r": \# Title" in page


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"[]",
        b'{"files": [], "symbols": []}',
        b'{"files": [1], "symbols": [], "entry_points": []}',
        b'{"files": [], "symbols": [1], "entry_points": []}',
    ],
)
def test_a_request_of_another_form_is_refused_without_a_traceback(tmp_path: Path, request_: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", program("repo_map.py")],
        cwd=tmp_path,
        input=request_,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"repo-map: ")
    assert b"Traceback" not in done.stderr
