"""The sandbox: a process of its own that reads one document, within limits.

Documents come from anywhere, and the libraries that read them are large. What goes wrong in them, a
crash, an endless loop, a demand for all memory, ends that process and no other. It gets the
bytes on its standard input and answers with JSON. It opens no connection, starts no program and
writes no file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.documents.document import Document, Mark, Removed
from pipeline.documents.formats.detect import BROKEN, extension, read
from pipeline.errors import DocumentError, NoText, TooLarge, Unsupported

if TYPE_CHECKING:
    from types import ModuleType

TOO_MUCH = "takes too much memory or time to read; split it, or save it anew"
_ERRORS = {kind.__name__: kind for kind in (DocumentError, NoText, Unsupported, TooLarge)}
# What an audit hook of the process refuses.
_FORBIDDEN = (
    "ftplib.", "http.", "os.exec", "os.fork", "os.kill", "os.posix_spawn", "os.remove", "os.rename",
    "os.rmdir", "os.mkdir", "os.spawn", "os.startfile", "os.symlink", "os.system", "shutil.",
    "smtplib.", "socket.", "subprocess.", "urllib.", "webbrowser.",
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """What reading one document may take. `memory` is in bytes, where the system can hold it."""

    seconds: int = 30
    memory: int = 2 * 2**30


def read_in_sandbox(data: bytes, name: str, limits: Limits | None = None) -> Document:
    """Read a document's bytes in a process of its own; only the extension of `name` goes there.

    Raises:
        DocumentError: see `pipeline.documents.formats.detect.read`.
        TooLarge: it takes more than the limits.
    """
    limits = limits or Limits()
    python = [sys.executable, "-P", "-B"]  # nothing from the working folder, nothing written
    bounds = [str(limits.seconds), str(limits.memory)]
    command = [*python, "-m", "pipeline.documents.sandbox", *bounds, extension(name)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module; the document comes on standard input
            command,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=limits.seconds,
            check=True,
        )
        return _received(json.loads(done.stdout), name)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError, ValueError):
        raise TooLarge(name, TOO_MUCH) from None


def _received(answer: dict[str, Any], name: str) -> Document:
    if "error" in answer:
        raise _ERRORS[answer["error"]](name, answer["problem"])
    return Document(
        text=answer["text"],
        name=name,
        marks=tuple(Mark(*mark) for mark in answer["marks"]),
        removed=Removed(**answer["removed"]),
        warnings=tuple(answer["warnings"]),
    )


def main() -> None:
    """Read the document on standard input and write what it holds as JSON: the other side."""
    seconds, memory, ending = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    data = sys.stdin.buffer.read()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what readers print is no part of the answer
    _confine(seconds, memory)
    try:
        document = read(data, ending)
        answer: dict[str, object] = {
            "text": document.text,
            "marks": [mark.to_list() for mark in document.marks],
            "removed": document.removed.to_dict(),
            "warnings": document.warnings,
        }
    except DocumentError as error:
        answer = {"error": type(error).__name__, "problem": error.problem}
    except (MemoryError, RecursionError):
        answer = {"error": TooLarge.__name__, "problem": TOO_MUCH}
    except Exception:  # noqa: BLE001 - whatever a library met, it met in the document
        answer = {"error": DocumentError.__name__, "problem": BROKEN}
    with answers:
        json.dump(answer, answers)


def _confine(seconds: int, memory: int) -> None:
    if sys.platform != "win32":
        import resource

        _limit(resource, resource.RLIMIT_AS, memory)
        _limit(resource, resource.RLIMIT_CPU, seconds)
        _limit(resource, resource.RLIMIT_CORE, 0)
        _limit(resource, resource.RLIMIT_FSIZE, 0)
    sys.addaudithook(_refuse)


def _limit(resource: ModuleType, kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event.startswith(_FORBIDDEN):
        raise PermissionError(f"reading a document needs no {event}")


if __name__ == "__main__":
    main()
