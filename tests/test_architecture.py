"""The structure that the README promises, held by the code itself."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from architecture import LAYERS, PAGE, page

import pipeline

ROOT = Path(__file__).parent.parent

MOST_LINES = 350
# Longer, and of one subject: what writes the cache, what evaluates Go, what adapters share.
ONE_SUBJECT = {
    "pipeline.cache.sqlite",
    "pipeline.models.adapter",
    "pipeline.models.ollama.go_template",
    "pipeline.tokens.vocabulary",
}
TESTED = [
    ("pipeline/cache", "cache"),
    ("pipeline/cli", "cli"),
    ("pipeline/core", "core"),
    ("pipeline/corpus", "corpus"),
    ("pipeline/models", "models"),
    ("pipeline/tokens", "tokens"),
    ("api", "api"),
    ("eval", "eval"),
    ("pipeline/documents", "documents"),
    ("pipeline/text", "text"),
    ("pipeline/passages", "passages"),
    ("pipeline/evidence", "evidence"),
]


def modules(package="pipeline"):
    for path in (ROOT / package).rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if name != package:
            yield name, path


def imports(path):
    """Yield every module that is imported anywhere, for types alone too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            folder = ROOT.joinpath(*node.module.split("."))
            inside = {a.name for a in node.names if (folder / f"{a.name}.py").exists()}
            yield from (f"{node.module}.{name}" for name in sorted(inside))
            if len(inside) < len(node.names):
                yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def layer(module):
    return LAYERS.index(module.split(".")[1])


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=lambda value: str(value)[-24:])
def test_imports_point_one_way(name, path):
    for module in imports(path):
        package, *rest = module.split(".")
        assert package not in {"api", "eval"}, f"{name} imports {module}"
        if package == "pipeline" and rest:
            assert layer(module) <= layer(name), f"{name} imports {module}"


@pytest.mark.parametrize("package", ["pipeline", "api", "eval"])
def test_nothing_imports_in_a_circle(package):
    graph = {name: {m for m in imports(path) if m != name} for name, path in modules(package)}
    TopologicalSorter(graph).prepare()  # raises CycleError


@pytest.mark.parametrize("package", ["pipeline", "api", "eval"])
def test_a_package_itself_holds_no_code(package):
    for name, path in modules(package):
        if path.name == "__init__.py" and name != "pipeline.cli":
            code = ast.parse(path.read_text(encoding="utf-8")).body
            assert [type(node) for node in code] == [ast.Expr], (
                f"{name} holds more than its purpose"
            )


def test_one_module_imports_each_heavy_library():
    homes = {
        "langchain_ollama": "pipeline.models.ollama.model",
        "langchain_openai": "pipeline.models.openai.model",
        "xllamacpp": "pipeline.models.embedded.model",
        "docx": "pipeline.documents.formats.word",
        "pypdfium2": "pipeline.documents.formats.pdf",
        "trafilatura": "pipeline.documents.formats.html",
        "webvtt": "pipeline.documents.formats.captions",
    }
    for name, path in modules():
        for module in imports(path):
            assert homes.get(module.split(".")[0], name) == name


def test_only_settings_reads_the_environment():
    readers = [
        name
        for name, path in modules()
        if re.search(r"os\.environ(?!\.setdefault)|getenv", path.read_text())
    ]
    assert set(readers) <= {"pipeline.settings"}


def test_the_public_names_are_there():
    assert len(pipeline.__all__) < 20
    for name in pipeline.__all__:
        assert getattr(pipeline, name).__doc__ is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = pipeline.nonsense


@pytest.mark.parametrize(
    ("imported", "heavy"),
    [
        ("pipeline.cli", "langchain_core pydantic tiktoken tokenizers rich httpx asyncio"),
        # What splits, stems and counts is imported when a run does so.
        ("pipeline.settings", "langchain_core snowballstemmer stamina pipeline.core httpx"),
        ("pipeline.documents.load", "pydantic snowballstemmer stamina pipeline.core httpx"),
        ("pipeline.core.summarizer", "langchain_core snowballstemmer tiktoken rich httpx"),
    ],
)
def test_importing_is_cheap(imported, heavy):
    code = f"import {imported}, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not set(heavy.split()) & set(loaded.stdout.split())


def test_the_readme_names_every_package():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for layer in LAYERS:
        name = f"{layer}/" if (ROOT / "pipeline" / layer).is_dir() else f"{layer}.py"
        assert f"\n  {name} " in readme or layer == "__main__", f"{name} is not in the README"


def test_the_page_on_the_architecture_is_as_the_code_is():
    assert PAGE.read_text(encoding="utf-8") == page(), "run make architecture"


def test_no_module_is_too_long():
    long = {name: len(path.read_text("utf-8").splitlines()) for name, path in modules()}
    assert {name for name, lines in long.items() if lines > MOST_LINES} <= ONE_SUBJECT


# A module of these packages imports from the rows above its own, and from its own folder.
ROWS = {
    "api": [
        "settings keys logs metrics site admission offers orders",
        "problems database",
        "schemas stream uploads middleware model_pool jobs",
        "engine openapi",
        "worker",
        "service",
        "routes",
        "app",
        "server",
        "cli",
    ],
    "eval": [
        "stats measures rouge baselines plots records hub",
        "tasks",
        "systems judge injection",
        "peers scoring",
        "run report",
        "progress",
        "reading",
        "cli",
        "bench",
    ],
}


@pytest.mark.parametrize("package", ROWS)
def test_the_service_and_the_evaluation_import_from_the_rows_above(package):
    row = {name: i for i, names in enumerate(ROWS[package]) for name in names.split()}
    for name, path in modules(package):
        own = name.split(".")[1]
        assert own in row, f"{name} has no row"
        for module in imports(path):
            other = module.split(".")[1:2]
            if module.split(".")[0] == package and other and other != [own]:
                assert row[other[0]] < row[own], f"{name} imports {module}"


@pytest.mark.parametrize(("package", "folder"), TESTED)
def test_each_module_has_a_test_by_its_name_or_is_named_by_one(package, folder):
    """A test is called test_<module>.py, or names the module in its docstring."""
    tests = sorted((ROOT / "tests" / folder).rglob("test_*.py"))
    said = " ".join(ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "" for path in tests)
    for name, path in modules(package):
        if path.name != "__init__.py" and path.with_name(f"test_{path.name}").name not in {
            test.name for test in tests
        }:
            assert f"`{name}`" in said, f"{name} has no test in tests/{folder}"
