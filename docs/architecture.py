"""Writes docs/architecture.md from the code: packages in their order, what each module is for.

    python docs/architecture.py          writes the page (make architecture)

The first line of every module's docstring stands in it, so that is where to change it.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"

# A module imports from its own package, and from what stands before it; for types alone too.
LAYERS = [
    "errors", "files", "options", "knobs", "tree", "documents", "text", "passages", "evidence",
    "settings", "tokens", "models", "cache", "core", "testing", "corpus", "cli", "__main__",
]  # fmt: skip

HEAD = """\
# Architecture

Written from the code by `make architecture`; a test holds that it is up to date.

`pipeline` is the summarizer, `api` the HTTP service and `eval` the evaluation harness. `api` and
`eval` import `pipeline` and never the other way round; they do not know each other.

Inside `pipeline` there is one order. A module imports from its own package, and from what stands to
the left of it:

```
{order}
```

One text's way through: `documents` reads it, `core/planner.py` has it cut into chunks
(`chunk.py`) and arranged as a tree of nodes (`plan.py`), each with its step (`steps.py`).
`core/mapreduce.py` walks that tree. `core/ask.py` calls the model (`models`) for each step that
needs it, and again where that failed. `core/answers.py` cleans what it said, has it reviewed
(`evidence/review.py`), and keeps it in the `cache`. `core/compose.py` brings the summary to its
length, and `evidence/trace.py` finds where each of its sentences comes from.
[extending.md](extending.md) says how to add a provider, a format, a prompt, a merge or a task.
"""


def purpose(path: Path) -> str:
    """Return the first paragraph of a module's docstring as one line, without its full stop."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).rstrip(".")


def order() -> str:
    """Return the layers in rows of a readable length."""
    rows, row = [], ""
    for layer in LAYERS:
        if len(row) + len(layer) > 88:
            rows.append(row.rstrip())
            row = ""
        row += f"{layer}  <-  "
    return "\n".join([*rows, row.removesuffix("  <-  ")])


def entries(package: Path) -> list[str]:
    """Return a line for each module of a package, its sub-packages' below their own."""
    lines = []
    for path in sorted(package.iterdir(), key=lambda p: (p.is_dir(), p.name)):
        if path.is_dir() and (path / "__init__.py").exists():
            lines.append(f"- **{path.name}/** {purpose(path / '__init__.py')}")
            lines += [f"  {line}" for line in entries(path)]
        elif path.suffix == ".py" and path.name != "__init__.py":
            lines.append(f"- `{path.name}` {purpose(path)}")
    return lines


def section(layer: str) -> list[str]:
    """Return the part on one package of `pipeline`, or on one module beside the packages."""
    path = ROOT / "pipeline" / layer
    if path.is_dir():
        return [f"\n### pipeline/{layer}\n", f"{purpose(path / '__init__.py')}.\n", *entries(path)]
    return [f"\n### pipeline/{layer}.py\n", f"{purpose(path.with_suffix('.py'))}."]


def page() -> str:
    """Return the whole page."""
    parts = [HEAD.format(order=order()), "## pipeline"]
    for layer in LAYERS:
        parts += section(layer)
    for package in ("api", "eval"):
        path = ROOT / package
        parts += [f"\n## {package}\n", f"{purpose(path / '__init__.py')}.\n", *entries(path)]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
