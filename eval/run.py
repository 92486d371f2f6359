"""Running systems over a task: which, with which settings, and what was done already."""

from __future__ import annotations

import itertools
import platform
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval import records
from eval.systems import BASELINES, NAMES, OURS, Baseline, Ours, System
from pipeline.core.events import Planned, Summarized
from pipeline.errors import InputError, ModelUnavailable
from pipeline.knobs import KNOBS, Knobs, turned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eval.records import Run
    from eval.tasks import Data, Item
    from pipeline.cache.store import Store
    from pipeline.core.events import Event
    from pipeline.settings import Settings

PACKAGES = (
    "py-llama-backend",
    "langchain-ollama",
    "langchain-openai",
    "langchain-text-splitters",
    "tiktoken",
    "xllamacpp",
    "langchain-classic",
    "llama-index-core",
)
ROOT = Path(__file__).parent.parent
KNOB = "knob."  # how a knob is told from a setting in a grid


@dataclass(frozen=True)
class Variant:
    """One system with one set of settings, and the name of its folder."""

    system: str
    settings: Settings
    name: str
    knobs: Knobs = KNOBS


@dataclass(frozen=True)
class RunProgress:
    """How far a run is: document `done` of `total`, and within it calls done of calls planned."""

    variant: str
    id: str
    done: int
    total: int
    calls: int = 0
    planned: int = 0


def variants(
    systems: Sequence[str],
    grid: Mapping[str, Sequence[str]],
    load: Callable[..., Settings],
) -> list[Variant]:
    """Return every system with every combination of a grid's values.

    Args:
        systems: Names of systems.
        grid: For each setting, or knob by "knob.NAME", the values to try.
        load: Makes settings from values by name.

    Raises:
        InputError: a system, a setting or a knob is not known, or a value does not fit.
    """
    for system in systems:
        if system not in NAMES:
            raise InputError(f"there is no system {system!r}; choose from {', '.join(NAMES)}")
    combinations = [
        dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())
    ]
    found = []
    for system in systems:
        for values in combinations if system not in BASELINES else [{}]:
            parts = [f"{key}={value}".replace("/", "_") for key, value in values.items()]
            settings = {key: value for key, value in values.items() if not key.startswith(KNOB)}
            knobs = {
                key.removeprefix(KNOB): value
                for key, value in values.items()
                if key.startswith(KNOB)
            }
            name = ",".join([system, *parts])
            found.append(Variant(system, load(**settings), name, turned(knobs)))
    return found


async def run_variant(
    variant: Variant,
    data: Data,
    items: Sequence[Item],
    seeds: Sequence[int],
    path: Path,
    *,
    use_store: bool = True,
    retry_failed: bool = False,
    tell: Callable[[RunProgress], None],
    warn: Callable[[str], None],
) -> Run:
    """Run a system over documents, or go on where it was.

    Raises:
        InputError: the folder holds another run, or the system cannot be set up so.
        ModelUnavailable: the model or its server cannot be had; what is finished is kept.
    """
    from pipeline.cache.store import open_store

    run: Run | None = None
    with open_store(variant.settings, use_cache=use_store, warn=warn) as store:
        for seed in seeds:
            system = open_system(variant, seed, store, data.words)
            try:
                if run is None:
                    manifest = _manifest(variant, data, items, seeds, system)
                    run = records.begin(path, manifest, retry_failed=retry_failed)
                await _run_seed(system, variant.name, run, items, seed, tell)
            finally:
                await system.aclose()
    return records.finish(path)


async def _run_seed(
    system: System,
    name: str,
    run: Run,
    items: Sequence[Item],
    seed: int,
    tell: Callable[[RunProgress], None],
) -> None:
    for number, item in enumerate(items):
        if (item.id, seed) in run.finished:
            continue
        doing = RunProgress(name, item.id, number, len(items))
        tell(doing)
        records.add(run.path, await system.summarize(item, seed, _teller(doing, tell)))


def _teller(doing: RunProgress, tell: Callable[[RunProgress], None]) -> Callable[[Event], None]:
    def emit(event: Event) -> None:
        if isinstance(event, Planned):
            tell(replace(doing, calls=event.done, planned=event.plan.calls))
        elif isinstance(event, Summarized):
            tell(replace(doing, calls=event.done, planned=event.total))

    return emit


def open_system(variant: Variant, seed: int, store: Store, words: int) -> System:
    """Open a system. `words` is the length asked for where the settings name none.

    Raises:
        InputError: an extra is missing, or a peer does not run on that model.
        ModelUnavailable: the model or its server cannot be had.
    """
    if "words" in variant.settings.model_fields_set:
        words = variant.settings.words
    if variant.system in BASELINES:
        return Baseline(variant.system, words, BASELINES[variant.system])
    from pipeline.core.summarizer import Summarizer
    from pipeline.models.open import open_model

    settings = variant.settings.model_copy(update={"seed": seed})
    summarizer = replace(
        Summarizer.from_settings(open_model(settings), settings, store=store, words=words),
        knobs=variant.knobs,
    )
    if variant.system == OURS:
        return Ours(summarizer)
    from eval.peers import open_peer

    return open_peer(variant.system, summarizer, settings)


def _manifest(
    variant: Variant, data: Data, items: Sequence[Item], seeds: Sequence[int], system: System
) -> dict[str, Any]:
    return {
        "name": variant.name,
        "task": {"name": data.name, "version": data.version, "source": data.source},
        "comparable": len(items) == len(data.items),
        "system": system.about,
        "seeds": list(seeds),
        "items": {item.id: item.digest for item in items},
        "quantization": _quantization(variant, system),
        "versions": {"python": platform.python_version(), **_versions()},
        "commit": _commit(),
        "platform": platform.platform(),
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _commit() -> str | None:
    """Return the commit of the source tree that runs, with "+" where files differ from it."""
    git = ["git", "-C", str(ROOT)]
    try:
        commit = subprocess.run(  # noqa: S603 - no word of it comes from outside
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(  # noqa: S603
            [*git, "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + "+" * bool(changed)


def _quantization(variant: Variant, system: System) -> str | None:
    """Return how the model's weights are stored, where a server says it."""
    provider, _, name = str(system.about.get("model", "")).partition(":")
    if provider != "ollama":
        return None
    from pipeline.models.ollama.server import OllamaServer

    with suppress(ModelUnavailable), OllamaServer(variant.settings.ollama_hosts[0]) as server:
        level = server.show(name).get("details", {}).get("quantization_level")
        return None if level is None else str(level)
    return None
