"""Writing small files that other processes may be reading, or writing too."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all; where the system refuses, not at all, and nobody is told.

    The folder is made where it is missing. For what is only kept to save time.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(text, encoding="utf-8", newline="\n")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
