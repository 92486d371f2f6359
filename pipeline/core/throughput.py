"""How fast a model was the last time, so that a plan can say how long a run may take."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.plan import Plan
    from pipeline.core.result import Result
    from pipeline.models.base import ChatModel

FILE = "rates.json"
WRITTEN = 4.0  # writing a token takes about as long as reading this many, on a CPU


def record_rate(folder: Path, model: ChatModel, result: Result) -> None:
    """Keep the rate of a finished run that called its model; a folder that refuses is ignored."""
    work = _work(result.prompt_tokens, result.output_tokens)
    if not work or not result.seconds:
        return
    rates = _read(folder)
    rates[_key(model)] = work / result.seconds
    write_whole(folder / FILE, json.dumps(rates))


def estimate_seconds(folder: Path, model: ChatModel, plan: Plan, share: float) -> float | None:
    """Return the seconds that a `share` of the plan's calls may take; None before any run."""
    if not plan.calls:
        return 0.0
    rate = _read(folder).get(_key(model))
    return share * _work(plan.prompt_tokens, plan.output_tokens) / rate if rate else None


def _work(prompt_tokens: int, output_tokens: int) -> float:
    return prompt_tokens + WRITTEN * output_tokens


def _key(model: ChatModel) -> str:
    return f"{model.name} {model.digest[:16]}"


def _read(folder: Path) -> dict[str, float]:
    try:
        rates = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {str(name): float(rate) for name, rate in rates.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
