"""CONTRIBUTING.md, followed to the letter: each example works in a copy of the project."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

#: What a plugin of each kind is, and so where its examples are.
SECTIONS = ["A rule", "A rule of time", "A pattern", "An action", "A CRM provider", "A sub-command"]

COPIED = ["bot", "coach", "storage", "migrations", "tests", "pyproject.toml", "manifest.yml"]


def examples(section: str) -> dict[Path, str]:
    """The files that a section says to write: path -> content."""
    begin = TEXT.index(f"\n## {section}\n")
    end = TEXT.find("\n## ", begin + 1)
    blocks = re.findall(r"`([\w/]+\.py)`:\n\n```python\n(.*?)```", TEXT[begin:end], re.DOTALL)
    return {Path(path): code for path, code in blocks}


def commands(section: str) -> list[list[str]]:
    """The test runs that a section asks for."""
    begin = TEXT.index(f"\n## {section}\n")
    end = TEXT.find("\n## ", begin + 1)
    told = re.findall(r"Run it: `\.venv/bin/python ([^`]+)`", TEXT[begin:end])
    return [[sys.executable, *line.split()] for line in told]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a newcomer has it, with every example written into it."""
    folder = tmp_path_factory.mktemp("clone")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "static", "e2e")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    for section in SECTIONS:
        for path, code in examples(section).items():
            assert not (folder / path).exists(), f"{path} exists; the example must add a file."
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(code, encoding="utf-8")
    return folder


def run(folder: Path, *command: str) -> None:
    ran = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_gives_a_file_its_test_and_how_to_run_it(section: str) -> None:
    paths = list(examples(section))
    assert len(paths) == 2
    assert paths[1].name == f"test_{paths[0].name}"
    assert commands(section)[0][-1] == str(paths[1])


def test_every_example_passes_its_own_test(copy: Path) -> None:
    # One run for all: what takes time is its start.
    runs = [command for section in SECTIONS for command in commands(section)]
    run(copy, *runs[0][:-1], *(command[-1] for command in runs), "-q", "-p", "no:cacheprovider")


def test_the_examples_keep_the_style_of_the_project(copy: Path) -> None:
    files = [str(path) for section in SECTIONS for path in examples(section)]
    run(copy, sys.executable, "-m", "ruff", "check", "--no-cache", *files)
    run(copy, sys.executable, "-m", "ruff", "format", "--no-cache", "--check", *files)
