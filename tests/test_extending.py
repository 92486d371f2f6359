"""docs/extending.md does what it says: its files, edits and commands are run as they stand."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
NOBODY = "127.0.0.1:9"  # the port of a service that discards, and that nobody runs
TEXT = "Rivers carry sand to the sea. The sea makes beaches of it."
PAGE_LINES = 66  # a printed page
_FILE = re.compile(r"`([\w.]+)`:\n\n```(?:toml|python|json)\n(.*?)```", re.DOTALL)
_EDIT = re.compile(
    r"In `(\S+)`,\s(two empty lines )?(below|above)\s`([^`\n]+)`:\n\n```(?:python)?\n(.*?)```",
    re.DOTALL,
)
_COMMANDS = re.compile(r"```sh\n(.*?)```(?:\n\n[^\n]*prints[^`]*```text\n(.*?)```)?", re.DOTALL)


class Newcomer:
    """Someone with a checkout, an environment of their own, and nothing but the page."""

    def __init__(self, folder):
        self.tree = folder / "py-llama-backend"
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        for package in ("pipeline", "api", "eval"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / package, self.tree / package, ignore=ignored)
        venv = folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
        (packages,) = venv.glob("lib/python*/site-packages")
        ours = sysconfig.get_path("purelib")  # what `make install` would have installed
        (packages / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
        for name, module in {"py-llama": "pipeline", "pip": "pip"}.items():
            script = venv / "bin" / name
            script.write_text(f'#!/bin/sh\nexec {venv}/bin/python -m {module} "$@"\n')
            script.chmod(0o755)
        self.environment = {
            **{key: os.environ[key] for key in ("HOME", "LANG") if key in os.environ},
            "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.tree),
            "PIP_NO_BUILD_ISOLATION": "false",  # which turns it off: no connection is needed
            "PIP_NO_INDEX": "1",
            "PY_LLAMA_STORE": str(folder / "store.db"),
            "OLLAMA_HOST": NOBODY,
            "COLUMNS": "200",
        }

    def run(self, commands, folder, **more):
        """Run commands of a shell; return what they print."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=folder, env={**self.environment, **more}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def follow(self, heading, folder):
        """Write a part's files, make its edits and run its commands; return the part."""
        part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        files = dict(_FILE.findall(part))
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        edits = _EDIT.findall(part)
        assert len(files) + len(edits) == len(re.findall("`:\n\n```", part)) > 0
        for file, apart, side, line, block in edits:
            path = folder / file
            path.write_text(edited(path.read_text("utf-8"), apart, side, line, block), "utf-8")
        blocks = _COMMANDS.findall(part)
        assert blocks
        assert sum(bool(expected) for _, expected in blocks) == part.count("```text")
        for commands, expected in blocks:
            printed = self.run(commands, folder)
            assert holds(lines(printed), lines(expected)), printed
        return part

    def checked(self, *files):
        """Hold files that were edited to what `make check` says of how they are written."""
        for command in ("check", "format --check"):
            rules = f"--quiet --no-cache --config {ROOT / 'pyproject.toml'}"
            self.run(f"python -m ruff {command} {rules} {' '.join(files)}", self.tree)

    def provider(self):
        """Follow the first part, which gives a model for the others."""
        folder = self.elsewhere / "echo"
        folder.mkdir()
        self.follow("A provider", folder)


def edited(text, apart, side, line, block):
    """Return a text with a block beside the one line that is named; who kept it has it already."""
    found = re.finditer(rf"(?m)^ *{re.escape(line)}\n", text)
    ((start, end),) = [match.span() for match in found]
    if block in text:
        return text
    place = end if side == "below" else start
    return text[:place] + "\n\n" * bool(apart) + block + text[place:]


def lines(text):
    """Return a text's lines, whatever the widths of their columns."""
    return [" ".join(line.split()) for line in text.splitlines()]


def holds(printed, expected):
    """Say whether lines are among those that were printed, in their order.

    Providers and tasks that somebody else has added print lines of their own.
    """
    rest = iter(printed)
    return all(line in rest for line in expected)


@pytest.fixture
def newcomer(tmp_path):
    pytest.importorskip("hatchling", reason="the extra [dev] is not installed")
    return Newcomer(tmp_path)


def test_a_provider(newcomer):
    newcomer.provider()
    named = f"echo '{TEXT}' | py-llama summarize --no-cache -m echo:loud"
    assert "sand" in newcomer.run(named, newcomer.elsewhere)


def test_a_format(newcomer):
    newcomer.follow("A format", newcomer.elsewhere)


def test_a_form_of_prompts(newcomer):
    newcomer.follow("A form of prompts", newcomer.tree)
    newcomer.checked("pipeline/options.py", "pipeline/core/prompts.py")
    newcomer.provider()
    (newcomer.tree / "a.txt").write_text(TEXT)
    asked = "py-llama summarize --no-cache --model echo a.txt"
    assert "sand" in newcomer.run(asked, newcomer.tree, PY_LLAMA_PROMPT="decisions")


def test_a_merge(newcomer):
    newcomer.follow("A merge", newcomer.tree)
    newcomer.checked("pipeline/options.py", "pipeline/core/steps.py")
    newcomer.provider()
    (newcomer.tree / "a.txt").write_text(TEXT * 200)
    plan = "py-llama summarize --plan --model echo --merge lead a.txt"
    assert "0 for merges" in newcomer.run(plan, newcomer.tree)


def test_a_task(newcomer):
    part = newcomer.follow("An evaluation task", newcomer.tree)
    shutil.copy(newcomer.tree / "coast.jsonl", newcomer.tree / "eval" / "data")
    tasks = newcomer.tree / "eval" / "tasks.toml"
    declared = tasks.read_text("utf-8").partition("\n[coast]\n")[0]  # who kept it has it at the end
    tasks.write_text(declared + re.search(r"```toml\n(.*?)```", part, re.DOTALL)[1], "utf-8")
    assert "\ncoast" in newcomer.run("py-llama eval list", newcomer.tree)
    assert "coast v1: 2 items" in newcomer.run("py-llama eval validate coast", newcomer.tree)


@pytest.mark.parametrize("heading", re.findall(r"^## (.*)$", PAGE, re.MULTILINE))
def test_every_part_is_a_page_at_most(heading):
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    assert part.strip().count("\n") < PAGE_LINES
