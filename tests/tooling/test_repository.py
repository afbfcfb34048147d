"""Tests of the repository itself: pins, addresses, first lines of modules, plugins' names."""

import ast
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "coach", "storage", "migrations", "tests", "benchmarks")

# Where packages come from is each machine's setting; a file that names a place breaks others.
# Spelled in pieces, so that this file does not name one either.
REGISTRY = re.compile(
    r"(?:index-url|extra-index-url|find-links|trusted-host)[ =]"
    rf"|{'pypi'}\.{'org'}|{'files.python'}{'hosted'}\.org|{'registry'}\.npmjs|{'deb.'}debian\.org"
)


def tracked_files() -> list[Path]:
    """Every file that git tracks or would track; all files where this is no git checkout."""
    answer = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        pytest.skip("Not a git checkout.")
    return [path for name in answer.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def modules() -> list[Path]:
    """Every Python file of the project."""
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "__pycache__" not in path.parts
    ]


def pins() -> list[tuple[str, str, list[str]]]:
    """What constraints.txt pins: (name, version, hashes); a name may be there once a platform."""
    pinned: list[tuple[str, str, list[str]]] = []
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if match := re.match(r"([a-z0-9][a-z0-9._-]*)==(\S+)", line):
            hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})\b", line)
            pinned.append((canonicalize_name(match[1]), match[2], hashes))
    return pinned


def requirements() -> list[Requirement]:
    """What pyproject.toml asks for, to run and to develop."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return [Requirement(name) for name in names]


@pytest.mark.parametrize("requirement", requirements(), ids=lambda r: r.name)
def test_every_dependency_is_pinned_to_a_version_that_the_project_allows(
    requirement: Requirement,
) -> None:
    versions = [pin[1] for pin in pins() if pin[0] == canonicalize_name(requirement.name)]
    assert versions
    assert all(requirement.specifier.contains(version, prereleases=True) for version in versions)


def test_every_pin_has_hashes() -> None:
    assert [name for name, _, hashes in pins() if not hashes] == []


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize(
    "machine", ["linux x86_64", "linux aarch64", "darwin arm64", "darwin x86_64"]
)
def test_what_is_installed_needs_nothing_that_is_not_pinned_anywhere_we_run(
    machine: str, python: str
) -> None:
    system, processor = machine.split()
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system,
        "platform_system": system.title(),
        "platform_machine": processor,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "os_name": "posix",
        "extra": "",
    }
    pinned = {name for name, _, _ in pins()}
    missing = set()
    for name in pinned:
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for need in map(Requirement, needs):
            wanted = need.marker is None or need.marker.evaluate(environment)
            if wanted and canonicalize_name(need.name) not in pinned:
                missing.add(f"{name} needs {need}")
    assert missing == set()


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text[text.index("dependencies = [") : text.index("[project.scripts]")]
    lines = [line.strip() for line in section.splitlines() if line.startswith('    "')]
    assert len(lines) == len(requirements())
    assert [line for line in lines if not re.search(r'",\s+# \w', line)] == []


def test_no_file_names_a_package_registry() -> None:
    named = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        named += [
            f"{path.relative_to(ROOT)}: {match[0]}"
            for match in REGISTRY.finditer(text)
            # The options that keep addresses out of constraints.txt hold the words themselves.
            if text[: match.start()].rpartition("--no-emit-")[2] != ""
        ]
    assert named == []


def test_every_module_says_in_its_first_line_what_it_is_for() -> None:
    silent = []
    for path in modules():
        text = path.read_text(encoding="utf-8")
        line = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
        # Alembic begins a revision with its message, which is no sentence.
        if not line.endswith(".") and not (line and path.parent.name == "versions"):
            silent.append(str(path.relative_to(ROOT)))
    assert silent == []


def test_no_module_is_called_by_a_name_that_says_nothing() -> None:
    nothing = {"utils", "util", "helpers", "helper", "manager", "service", "base", "common", "misc"}
    assert [str(path) for path in modules() if path.stem in nothing] == []


def test_no_module_does_anything_when_it_is_imported() -> None:
    """Engines, apps, clients and schedulers are made by calls, never at import."""
    made = {"create_async_engine", "create_engine", "AsyncApp", "AsyncWebClient", "Starlette"}
    made |= {"AsyncIOScheduler", "ClientSession", "Settings", "Database"}
    found = []
    for path in modules():
        if path.parts[len(ROOT.parts)] == "tests":
            continue
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
                continue
            found += [
                f"{path.relative_to(ROOT)}:{node.lineno}"
                for node in ast.walk(statement)
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in made
            ]
    assert found == []


def test_no_test_patches_anything_of_our_own() -> None:
    """What a test needs otherwise is an argument; Python's own `sys.argv` may be set."""
    found = []
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.ImportFrom(module="unittest") | ast.ImportFrom(module="unittest.mock"):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
                case ast.Call(func=ast.Attribute(attr="setattr" | "setitem"), args=[what, *_]):
                    if not (isinstance(what, ast.Name) and what.id == "sys"):
                        found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_the_makefile_has_the_targets_that_people_are_told_of() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", text, re.MULTILINE))
    assert {"demo", "test", "lint", "bench", "clean", "help"} <= targets


def test_a_second_make_has_nothing_to_set_up() -> None:
    ready = ROOT / ".venv" / ".ready"
    if not ready.exists():
        pytest.skip("This run's environment was not made by make.")
    answer = subprocess.run(
        ["make", "--question", "setup"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    newest = max((ROOT / name).stat().st_mtime for name in ("pyproject.toml", "constraints.txt"))
    if newest > ready.stat().st_mtime:
        pytest.skip("The pins changed after the environment was made.")
    assert answer.returncode == 0, answer.stderr
