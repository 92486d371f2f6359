"""py-llama cache: look at the cache of finished calls, and shorten it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pipeline.cache.sqlite import SqliteStore


@click.group()
def cache() -> None:
    """Look at the cache of finished calls, or shorten it."""


@cache.command()
def info() -> None:
    """Show how many calls are cached, and how much room they take."""
    with _store() as store:
        if store is None:
            click.echo("no calls are cached yet")
            return
        held = store.info()
    click.echo(f"file    {held.path}")
    click.echo(f"calls   {held.entries:,}")
    click.echo(f"size    {held.size / 2**20:,.1f} MB of at most {held.bound / 2**20:,.0f} MB")
    click.echo(f"oldest  {_local(held.oldest)}")
    click.echo(f"newest  {_local(held.newest)}")


@cache.command()
def clear() -> None:
    """Remove every call, and damaged caches that were set aside."""
    with _store() as store:
        if store is None:
            click.echo("no calls are cached yet")
            return
        held = store.info().entries
        store.clear()
    click.echo(f"{held:,} calls removed")


@cache.command()
def path() -> None:
    """Print where the cache is."""
    from pipeline.settings import load_settings

    click.echo(load_settings().store)


@cache.command()
def prune() -> None:
    """Remove calls that are over the bounds on size and age; runs do so by themselves."""
    with _store() as store:
        if store is None:
            click.echo("no calls are cached yet")
            return
        before = store.info().entries
        store.prune()
        after = store.info().entries
    click.echo(f"{max(before - after, 0):,} calls removed, {after:,} left")


@contextlib.contextmanager
def _store() -> Iterator[SqliteStore | None]:
    """Open the cache; None where there is none, so that looking does not make one."""
    from pipeline.cache.sqlite import SqliteStore
    from pipeline.settings import load_settings

    settings = load_settings()
    if not settings.store.exists():
        yield None
        return
    notes: list[str] = []  # an error that ends the command says the same, so it is said alone
    with SqliteStore(settings.store, cache_mb=settings.cache_mb, warn=notes.append) as store:
        yield store
    for note in notes:
        click.echo(f"py-llama: {note}", err=True)


def _local(time: datetime | None) -> str:
    return "-" if time is None else f"{time.astimezone():%Y-%m-%d %H:%M}"
