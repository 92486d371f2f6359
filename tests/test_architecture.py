"""The structure that the README promises, held by the code itself."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline

ROOT = Path(__file__).parent.parent
RANKS = [  # a module imports only from lines above its own, or from its own line
    {"errors"},
    {"types"},
    {"tokens", "vocabulary", "template", "gguf", "checks", "models", "chunk", "ollama_api"},
    {"ollama", "openai", "embedded", "none", "store", "prompts", "terms", "facts"},
    {"focus", "language"},
    {"extract"},
    {"archive", "writer"},
    {"plain"},
    {"saying"},
    {"formats", "markup"},
    {"captions", "epub", "html", "pdf", "word"},
    {"apart", "fetch"},
    {"shared", "rota", "fleet"},
    {"clean", "settings", "load", "stable", "evidence", "compose", "review"},
    {"asking"},
    {"mapreduce", "testing", "rates", "progress", "crowd", "ledger", "corpus"},
    {"pool", "account", "output"},
    {"team"},
    {"batch", "cluster", "processes"},
    {"cli", "cli_summarize", "cli_models", "cli_cache", "cli_batch"},
    {"__main__"},
]


def modules():
    for path in (ROOT / "pipeline").rglob("*.py"):
        name = path.parent.name if path.stem == "__init__" else path.stem
        if name != "pipeline":
            yield name, path


def imports(path, *, at_run_time):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if at_run_time and node in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def rank(name):
    return next(i for i, names in enumerate(RANKS) if name in names)


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=lambda value: str(value)[-24:])
def test_imports_point_one_way(name, path):
    for module in imports(path, at_run_time=True):
        package, *rest = module.split(".")
        assert package not in {"api", "eval"}, f"{name} imports {module}"
        if package == "pipeline" and rest and name != "models":
            assert rank(rest[-1]) <= rank(name), f"{name} imports {module}"


def test_one_module_imports_each_heavy_library():
    homes = {
        "langchain_ollama": "ollama",
        "langchain_openai": "openai",
        "xllamacpp": "embedded",
        "docx": "word",
        "pypdfium2": "pdf",
        "trafilatura": "html",
        "webvtt": "captions",
    }
    for name, path in modules():
        for module in imports(path, at_run_time=True):
            assert homes.get(module.split(".")[0], name) == name


def test_only_settings_reads_the_environment():
    readers = [
        name
        for name, path in modules()
        if re.search(r"os\.environ(?!\.setdefault)|getenv", path.read_text())
    ]
    assert set(readers) <= {"settings"}


def test_the_public_names_are_there():
    assert len(pipeline.__all__) < 20
    for name in pipeline.__all__:
        assert getattr(pipeline, name).__doc__ is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = pipeline.nonsense


def test_importing_the_package_and_the_command_line_is_cheap():
    code = "import pipeline, pipeline.cli, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"langchain_core", "pydantic", "tiktoken", "tokenizers", "rich", "httpx", "asyncio"}
    assert not heavy & set(loaded.stdout.split())


def test_the_readme_names_every_module():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, path in modules():
        assert path.name in readme or f"{name}/" in readme, f"{path.name} is not in the README"
