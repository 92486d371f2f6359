r"""The table of formats, and documents of all of them -> text with marks.

A format is told from the content, not the name. Text, Markdown and transcripts need nothing more;
the other formats need the extra [formats]. Each has its own module, which is imported when there is
something for it. They take any bytes: what is broken or hostile ends in an error, and what they
take of memory and time is bounded by `pipeline.documents.sandbox`, which runs them in a process of
their own.

A package of somebody else's can bring a format, in one module, say ini_format.py:

    import configparser

    from pipeline.documents.document import Document
    from pipeline.documents.formats.detect import Format
    from pipeline.documents.formats.writer import Writer

    FORMAT = Format("INI", "ini_format:read", extensions=(".ini", ".cfg"))

    def read(data: bytes, name: str) -> Document:
        parser, writer = configparser.ConfigParser(), Writer()
        parser.read_string(data.decode())
        for section in parser.sections():
            writer.heading(section, 1)
            writer.add("\n".join(parser[section].values()))
        return writer.document(name)

and one entry point, in its pyproject.toml:

    [project.entry-points."py_llama.formats"]
    ini = "ini_format:FORMAT"

`read` gets all bytes of the document; `name` is for people, and may be no more than an extension.
What cannot be read ends in an error of `pipeline.errors`: DocumentError (it is broken), Unsupported
or NoText; too much text, in OverflowError.

Such a package is imported only for a document that no row of FORMATS reads, and only in the
sandbox: it can open no connection, start no program and write no file. Text whose name has no
extension, or one of plain text, is read as it is.
"""

from __future__ import annotations

import functools
import importlib
import re
import zipfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.documents.document import Document
from pipeline.documents.formats import plain
from pipeline.documents.formats.archive import Archive
from pipeline.errors import DocumentError, NoText, TooLarge, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

GROUP = "py_llama.formats"
EXTRA = "pip install 'py-llama-backend[formats]'"
BROKEN = "is broken, or not what it says it is; open it and save it anew"
ENCRYPTED = "is encrypted; save it without a password"
TOO_LARGE = "is too large: it holds more than a document may; split it"

_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,16}\Z")
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Format:
    """One format: how it is recognized, and what reads it, or why nothing does.

    A document is of the first format of which all that is given is true.

    Args:
        name: For messages.
        reader: "module:function", imported when there is something for it to read; the function
            takes the bytes and a name, and returns a Document.
        problem: What to do about a document of this format, where there is no reader.
        signatures: The document begins with one of these.
        within: The signature may begin later, but ends within so many bytes.
        holds: These bytes are somewhere in it.
        member: It is a ZIP archive that holds a file of this name.
        pattern: A compiled regular expression that its first 4,096 characters match, from the
            start of the text on.
        extensions: Its name ends in one of these, in lower case; "" is a name without any.
        needs: The command that installs what the reader needs.
        sandboxed: It is read in a process of its own. What entry points bring always is.

    Raises:
        TypeError: the pattern is not compiled, or there is one text where several can stand.
    """

    name: str
    reader: str = ""
    problem: str = ""
    signatures: tuple[bytes, ...] = ()
    within: int = 0
    holds: bytes = b""
    member: str = ""
    pattern: re.Pattern[str] | None = None
    extensions: tuple[str, ...] = ()
    needs: str = ""
    sandboxed: bool = True

    def __post_init__(self) -> None:
        if self.pattern is not None and not (
            isinstance(self.pattern, re.Pattern) and isinstance(self.pattern.pattern, str)
        ):
            raise TypeError(f"pattern must be re.compile(…) of a text, not {self.pattern!r}")
        for name in ("signatures", "extensions"):
            if not isinstance(given := getattr(self, name), tuple):
                raise TypeError(f"{name} must be a tuple, not {given!r}")


_READERS = "pipeline.documents.formats"
_MARKUP = re.compile(
    r"\s*+(?:<\?xml[^>]{0,200}>\s*+|<!--.{0,2000}?-->\s*+)*+"
    r"<(?:!doctype\s+html|html|head|body|title|meta)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_CAPTIONS = re.compile(
    r"\ufeff?WEBVTT(?:\s|\Z)"
    r"|\s*+\d{1,9}[ \t]*+\r?\n[ \t]*+\d{1,3}:\d\d:\d\d[,.]\d{1,3}[ \t]*+-->"
)
_NO_CONTROLS = re.compile(r"[^\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]*+\Z")
_PICTURE = "is a picture; turn it into text first, by OCR"
_SOUND = "is a recording; turn it into text first, by transcription"
_COMPRESSED = "is compressed; unpack it first"
_ARCHIVE = "is an archive; name the files in it"

PLAIN = Format(
    "plain text",
    f"{_READERS}.plain:read",
    pattern=_NO_CONTROLS,
    extensions=("", ".txt", ".text", ".md", ".markdown"),
    needs=EXTRA,
    sandboxed=False,
)
FORMATS = (
    Format("PDF", f"{_READERS}.pdf:read", signatures=(b"%PDF-",), within=1024, needs=EXTRA),
    Format("Word", f"{_READERS}.word:read", member="word/document.xml", needs=EXTRA),
    Format("EPUB", f"{_READERS}.epub:read", member="META-INF/container.xml", needs=EXTRA),
    Format(
        "OpenDocument",
        problem="is an OpenDocument file; save it as DOCX or PDF",
        member="content.xml",
    ),
    Format(
        "Office",
        problem="is an Office file other than Word's; save it as PDF",
        member="[Content_Types].xml",
    ),
    Format("ZIP", problem=_ARCHIVE, signatures=(_ZIP,)),
    Format(
        "encrypted Office",
        problem=ENCRYPTED,
        signatures=(_OLE,),
        holds="EncryptedPackage".encode("utf-16-le"),
    ),
    Format("old Office", problem="is an old Office file; save it as DOCX", signatures=(_OLE,)),
    Format(
        "picture",
        problem=_PICTURE,
        signatures=(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*"),
    ),
    Format(
        "recording",
        problem=_SOUND,
        signatures=(b"ID3", b"OggS", b"fLaC", b"RIFF", b"\x1aE\xdf\xa3"),
    ),
    Format("compressed", problem=_COMPRESSED, signatures=(b"\x1f\x8b", b"BZh", b"\xfd7zXZ")),
    Format("archive", problem=_ARCHIVE, signatures=(b"7z\xbc\xaf", b"Rar!")),
    Format("RTF", problem="is an RTF file; save it as DOCX or PDF", signatures=(b"{\\rtf",)),
    Format("captions", f"{_READERS}.captions:read", pattern=_CAPTIONS, needs=EXTRA),
    Format("HTML", f"{_READERS}.html:read", pattern=_MARKUP, needs=EXTRA),
    PLAIN,
)


def read(data: bytes, name: str) -> Document:
    """Read a document's bytes; `name` is for people, its extension for formats of other packages.

    Raises:
        DocumentError: it is broken or encrypted.
        NoText: there is nothing in it.
        Unsupported: the format is not read here, or not without what its reader needs.
        TooLarge: it holds more than a document may.
    """
    found, broken = _find(_Content(data, name))
    try:
        document = _read(found, data, name)
    except DocumentError as error:
        if not broken:
            raise
        raise type(error)(name, "; ".join([error.problem, *broken])) from None
    return replace(document, name=name, warnings=(*document.warnings, *broken))


def needs_sandbox(data: bytes, name: str) -> bool:
    """Say whether a document has to be read in a process of its own; looks at its beginning."""
    if data.startswith(_ZIP):  # opening an archive is for that process
        return True
    found = _Content(data, name).first(FORMATS)
    return bool(entry_points()) if found is None else found.sandboxed


def extension(name: str) -> str:
    """Return the extension of a file's name or of an address, in lower case; "" for none."""
    path = re.split(r"[?#]", name)[0] if "://" in name else name
    found = _EXTENSION.search(path)
    return found[0].lower() if found else ""


@functools.cache
def entry_points() -> tuple[EntryPoint, ...]:
    """Return the formats that installed packages bring, by name; nothing of them is imported."""
    from importlib import metadata  # takes time that most documents need not

    return tuple(sorted(metadata.entry_points(group=GROUP), key=lambda entry: entry.name))


class _Content:
    """What a document shows of its format."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._name = name
        self._extension = extension(name)

    def first(self, formats: Iterable[Format]) -> Format | None:
        """Return the first of some formats that fits; None where none does."""
        return next((one for one in formats if self.is_of(one)), None)

    def is_of(self, one: Format) -> bool:
        """Whether all that a format says of its documents is true."""
        return (
            (not one.signatures or self._begins(one.signatures, one.within))
            and one.holds in self._data
            and (not one.member or one.member in self._members)
            and (one.pattern is None or one.pattern.match(self._head) is not None)
            and (not one.extensions or self._extension in one.extensions)
        )

    def _begins(self, signatures: tuple[bytes, ...], within: int) -> bool:
        if within:
            return any(signature in self._data[:within] for signature in signatures)
        return self._data.startswith(signatures)

    @functools.cached_property
    def _head(self) -> str:
        return plain.head(self._data)

    @functools.cached_property
    def _members(self) -> frozenset[str]:
        """The names of the files in a ZIP archive.

        Raises:
            DocumentError: the archive is encrypted or broken.
            TooLarge: it holds too many files.
        """
        if not self._data.startswith(_ZIP):
            return frozenset()
        try:
            archive = Archive(self._data)
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            raise DocumentError(self._name, BROKEN) from None
        except OverflowError:
            raise TooLarge(self._name, TOO_LARGE) from None
        if archive.encrypted:
            raise DocumentError(self._name, ENCRYPTED)
        return archive.names


def _find(content: _Content) -> tuple[Format, list[str]]:
    """Return the format of a document, and a line for each entry point that fails.

    It may fail when it is loaded, or when the document is held against the Format that it names.
    """
    found = content.first(FORMATS)
    if found is not None and found.reader:
        return found, []
    brought: list[Format] = []
    broken: list[str] = []
    for entry in entry_points():
        try:
            brought += filter(content.is_of, [_load(entry)])
        except Exception as error:  # noqa: BLE001 - somebody else's package may raise anything
            broken.append(f"the format plugin {entry.name} ({entry.value}) fails: {_spell(error)}")
    return next(iter(brought), found or PLAIN), broken


def _spell(error: Exception) -> str:
    """Name an error in one line; the text of most may hold paths of this machine."""
    told = isinstance(error, (AttributeError, ModuleNotFoundError, TypeError))
    return f"{type(error).__name__}: {error}".splitlines()[0] if told else type(error).__name__


def _load(entry: EntryPoint) -> Format:
    """Import what an entry point names.

    Raises:
        TypeError: it is no Format with a reader, or fits every document.
        Exception: whatever the package raises.
    """
    loaded = entry.load()
    if not isinstance(loaded, Format) or not loaded.reader:
        raise TypeError("it names no Format with a reader")
    if not (loaded.signatures or loaded.member or loaded.pattern or loaded.extensions):
        raise TypeError("its Format does not say which documents are of it")
    return loaded


def _read(found: Format, data: bytes, name: str) -> Document:
    if not found.reader:
        raise Unsupported(name, found.problem)
    try:
        document = _call(found, data, name)
    except ModuleNotFoundError as error:
        missing = f"the extra for its format: {found.needs}" if found.needs else f"{error.name}"
        raise Unsupported(name, f"needs {missing}") from None
    except OverflowError:
        raise TooLarge(name, TOO_LARGE) from None
    if not document.text.strip():
        raise NoText(name, plain.NO_TEXT)
    if len(document.marks) > plain.MAX_MARKS:
        document = replace(document, marks=())
    return document


def _call(found: Format, data: bytes, name: str) -> Document:
    """Import a reader and call it."""
    module, _, function = found.reader.partition(":")
    try:
        document: object = getattr(importlib.import_module(module), function)(data, name)
    except (DocumentError, ModuleNotFoundError, OverflowError, MemoryError, RecursionError):
        raise
    except Exception as error:
        if found in FORMATS:
            raise
        problem = f"cannot be read by the format plugin {found.name} ({type(error).__name__})"
        raise DocumentError(name, problem) from None
    if not isinstance(document, Document):
        problem = f"cannot be read by the format plugin {found.name} (it returns no Document)"
        raise DocumentError(name, problem)
    return document
