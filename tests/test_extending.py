"""docs/extending.md does what it says: its files, patches and commands are run as they stand."""

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
_FILE = re.compile(r"`(\S+)`:\n\n```(?:toml|python|diff|json)\n(.*?)```", re.DOTALL)
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
        """Write a part's files and run its commands; return the part."""
        part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        files = dict(_FILE.findall(part))
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        blocks = _COMMANDS.findall(part)
        assert files
        assert blocks
        assert sum(bool(expected) for _, expected in blocks) == part.count("```text")
        for commands, expected in blocks:
            printed = self.run(commands, folder)
            assert holds(lines(printed), lines(expected)), printed
        return part

    def provider(self):
        """Follow the first part, which gives a model for the others."""
        folder = self.elsewhere / "echo"
        folder.mkdir()
        self.follow("A provider", folder)


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


def test_a_format(newcomer):
    newcomer.follow("A format", newcomer.elsewhere)


def test_a_form_of_prompts(newcomer):
    newcomer.follow("A form of prompts", newcomer.tree)
    newcomer.provider()
    (newcomer.tree / "a.txt").write_text(TEXT)
    asked = "py-llama summarize --no-cache --model echo a.txt"
    assert "sand" in newcomer.run(asked, newcomer.tree, PY_LLAMA_PROMPT="decisions")


def test_the_diffs_go_with_what_was_added_before(newcomer):
    steps = newcomer.tree / "pipeline" / "core" / "steps.py"
    before = steps.read_text("utf-8")
    for _ in range(2):  # somebody else's additions stand where the page's would
        newcomer.follow("A form of prompts", newcomer.tree)
        newcomer.follow("A merge", newcomer.tree)
    for _ in range(2):
        newcomer.run("git apply -R --unidiff-zero lead.diff decisions.diff", newcomer.tree)
    assert steps.read_text("utf-8") == before


def test_a_merge(newcomer):
    newcomer.follow("A merge", newcomer.tree)
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
