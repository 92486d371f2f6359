"""py-llama models and py-llama config: what can be used, and how it is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.models.base import ModelInfo


@click.command()
def models() -> None:
    """Show which models can be used now, and how to get the others."""
    from rich.console import Console

    from pipeline.models.open import list_models
    from pipeline.settings import load_settings

    Console().print(_table(list_models(load_settings())))


def _table(found: list[ModelInfo]) -> Table:
    from rich.table import Table

    table = Table("model", box=None, pad_edge=False)
    table.add_column("context", justify="right")
    table.add_column("size", justify="right")
    table.add_column("to get it", overflow="fold")
    for model in found:
        context = "" if model.context is None else f"{model.context:,}"
        size = "" if model.size is None else f"{model.size / 1e6:,.0f} MB"
        table.add_row(model.name, context, size, model.hint)
    return table


@click.command()
def config() -> None:
    """Show every setting: its value now, and what it means."""
    from rich.console import Console
    from rich.table import Table

    from pipeline.settings import LOCAL_FILE, Settings, load_settings, user_file

    settings = load_settings()
    table = Table("setting", "value", "meaning", box=None, pad_edge=False)
    for name, setting in Settings.model_fields.items():
        value = getattr(settings, name)
        table.add_row(name, "" if value is None else str(value), setting.description)
    console = Console()
    console.print(table)
    console.print(
        f"\nSet them in {LOCAL_FILE}, in {user_file()}, or as PY_LLAMA_MODEL and so on in the "
        "environment; flags win.",
        soft_wrap=True,
    )
