"""Makes the files of the corpus with real programs; the tests read what is committed.

    apt-get install libreoffice-writer-nogui pandoc chromium calibre ffmpeg groff asciidoctor
    pip install weasyprint fpdf2 mkdocs sphinx pysubs2 docutils mammoth python-docx
    python tests/documents/corpus/make.py

Every file is named TEXT-PROGRAM.FORMAT. Files differ a little between versions of the programs.
"""

import contextlib
import functools
import http.server
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import texts

FILES = Path(__file__).parent / "files"
UNREADABLE = Path(__file__).parent / "unreadable"
BIN = Path(sys.executable).parent
SITE_NAV = ["Timetable", "Lost property", "Contact the webmaster"]
PAGE_CSS = f"""
@page {{ size: A5; margin: 2.2cm 2cm; @top-center {{ content: "{texts.RUNNING_HEAD}" }}
        @bottom-center {{ content: counter(page) }} }}
body {{ font-family: "DejaVu Serif"; font-size: 10pt; hyphens: auto; text-align: justify }}
table {{ border-spacing: 1em 0 }}
"""


def run(*command, folder, **more):
    command = [str(part) for part in command]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, **more)


def markdown(name):
    """A text as pandoc wants it: a blank line before each block but the items and rows of one."""
    lines, before = [], ""
    for block in texts.blocks(name):
        goes_on = block[:2] in {"- ", "| "} and block[:2] == before[:2]
        lines.append(block if goes_on else f"\n{block}")
        if block.startswith("| ") and not goes_on:
            lines.append("|---" * (block.count(" | ") + 1) + "|")
        before = block
    return "\n".join(lines).strip() + "\n"


def pandoc(source, target, *options, folder):
    run("pandoc", "-f", "markdown", source, "-o", target, *options, folder=folder)


def soffice(source, kind, folder):
    """Convert with LibreOffice; return the file."""
    out = folder / "office"
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    run(
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        kind,
        "--outdir",
        out,
        source,
        folder=folder,
    )
    return out / f"{Path(source).stem}.{kind.split(':')[0]}"


@contextlib.contextmanager
def served(folder):
    """Serve a folder, so that no path of this machine is printed on a page."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 8099), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "http://127.0.0.1:8099"
        server.shutdown()


def chromium(page, target, *options, folder):
    with served(folder) as address:
        run("chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--print-to-pdf={target}",
            *options, f"{address}/{page}", folder=folder)  # fmt: skip


def office_source(name, folder):
    """A Word file with running heads and page numbers, for LibreOffice to work on."""
    import docx
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import parse_xml
    from docx.shared import Mm

    pandoc(f"{name}.md", "plain.docx", folder=folder)
    document = docx.Document(str(folder / "plain.docx"))
    section = document.sections[0]
    section.page_width, section.page_height = Mm(148), Mm(210)
    section.left_margin = section.right_margin = Mm(20)
    section.header.paragraphs[0].text = texts.RUNNING_HEAD
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    footer.add_run("Page ")
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    field = f'<w:fldSimple xmlns:w="{space}" w:instr="PAGE"><w:r><w:t>1</w:t></w:r></w:fldSimple>'
    footer._p.append(parse_xml(field))
    document.save(str(folder / f"{name}.docx"))
    return folder / f"{name}.docx"


def office(name, folder):
    source = office_source(name, folder)
    yield "libreoffice.docx", soffice(source, "docx:MS Word 2007 XML", folder)
    bookmarks = 'pdf:writer_pdf_Export:{"ExportBookmarks":{"type":"boolean","value":"true"}}'
    yield "libreoffice.pdf", soffice(source, bookmarks, folder)
    yield "libreoffice.epub", soffice(source, "epub", folder)
    yield "libreoffice.html", soffice(source, "html:HTML (StarWriter)", folder)
    encoding = "UTF8" if name == "harbour" else "MS_1252"
    yield "libreoffice.txt", soffice(source, f"txt:Text (encoded):{encoding}", folder)
    yield "python-docx.docx", source


def with_pandoc(name, folder):
    title = ("--metadata", f"pagetitle={name}")
    for target, options in {
        "pandoc.docx": (),
        "pandoc2.epub": ("-t", "epub2", *title),
        "pandoc3.epub": ("-t", "epub3", "--toc", *title),
        "pandoc.html": ("-s", *title),
        "pandoc.md": ("-t", "gfm"),
        "pandoc.txt": ("-t", "plain", "--wrap=none"),
    }.items():
        pandoc(f"{name}.md", target, *options, folder=folder)
        yield target, folder / target


def printed(name, folder):
    pandoc(f"{name}.md", f"{name}.html", "-s", "--metadata", f"pagetitle={name}", folder=folder)
    outline = "--generate-pdf-document-outline"
    chromium(f"{name}.html", folder / "c.pdf", outline, folder=folder)
    yield "chromium.pdf", folder / "c.pdf"
    page = (folder / f"{name}.html").read_text()
    for kind, css in {
        "columns": "@page {size: A4 landscape} body {columns: 2; column-gap: 2cm; font-size: 11pt; "
        "max-width: none}",
        "small": "@page {size: A6; margin: 1cm} body {hyphens: auto; text-align: justify; "
        "font-size: 9pt; padding: 0}",
    }.items():
        styled = page.replace("</head>", f"<style>{css}</style></head>")
        (folder / f"{kind}.html").write_text(styled)
        chromium(f"{kind}.html", folder / f"{kind}.pdf", "--no-pdf-header-footer", folder=folder)
        yield f"chromium-{kind}.pdf", folder / f"{kind}.pdf"


def weasyprint(name, folder):
    style = f"<style>{PAGE_CSS}</style>"
    (folder / "head.html").write_text(style)
    language = "de" if name == "moor" else "en"
    options = ("-s", "-H", "head.html", "--metadata", f"pagetitle={name}", "-V", f"lang={language}")
    pandoc(f"{name}.md", "w.html", *options, folder=folder)
    run(BIN / "weasyprint", "w.html", "w.pdf", folder=folder)
    yield "weasyprint.pdf", folder / "w.pdf"


def groff(name, folder):
    head = f".ds CH {texts.RUNNING_HEAD}\n.ds CF - % -\n.hy 6\n"
    pandoc(f"{name}.md", "g.ms", "-t", "ms", folder=folder)
    body = (folder / "g.ms").read_text()
    (folder / "g.ms").write_text(f"{head}.nr LL 4.2i\n.nr PS 11\n.pl 7i\n{body}")
    made = run("groff", "-k", "-t", "-ms", "-Tpdf", "-P-p5.8i,8.3i", "g.ms", folder=folder)
    (folder / "g.pdf").write_bytes(made.stdout)
    yield "groff.pdf", folder / "g.pdf"


def fpdf(name, folder):
    from fpdf import FPDF

    class Paper(FPDF):
        def header(self):
            self.set_font("dejavu", size=8)
            self.cell(0, 8, texts.RUNNING_HEAD, align="R", new_x="LMARGIN", new_y="NEXT")

        def footer(self):
            self.set_y(-15)
            self.cell(0, 8, f"{self.page_no()} / {{nb}}", align="C")

    paper = Paper(format="A5")
    paper.add_font("dejavu", fname="/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf")
    paper.add_page()
    for block in texts.blocks(name):
        heading = block.startswith("#")
        plain = re.sub(r"^(#+|-|>) |^\| | \|$", "", block).replace(" | ", " ")
        if heading:
            paper.start_section(plain, block.index(" ") - 1)
        paper.set_font("dejavu", size=14 if heading else 10)
        paper.multi_cell(0, 6, plain, new_x="LMARGIN", new_y="NEXT")
        paper.ln(3)
    paper.output(str(folder / "f.pdf"))
    yield "fpdf2.pdf", folder / "f.pdf"


def calibre(name, folder):
    pandoc(f"{name}.md", f"{name}.html", "-s", "--metadata", f"pagetitle={name}", folder=folder)
    for target in ("epub", "docx", "txt"):
        run("ebook-convert", f"{name}.html", f"calibre.{target}", folder=folder)
        yield f"calibre.{target}", folder / f"calibre.{target}"


def sites(name, folder):
    """Pages of generated web sites, with the navigation that the programs put around them."""
    source = folder / "site" / "docs"
    source.mkdir(parents=True)
    shutil.copy(folder / f"{name}.md", source / "index.md")
    pages = []
    for title in SITE_NAV:
        page = title.lower().replace(" ", "-") + ".md"
        (source / page).write_text(f"# {title}\n\nNothing here.\n")
        pages.append(f"  - {title}: {page}")
    settings = ["site_name: Coastal web", "nav:", f"  - {name}: index.md", *pages]
    for theme in ("mkdocs", "readthedocs"):
        (folder / "site" / "mkdocs.yml").write_text("\n".join([*settings, f"theme: {theme}"]))
        run(BIN / "mkdocs", "build", "-d", folder / theme, folder=folder / "site")
        yield f"mkdocs-{theme}.html", folder / theme / "index.html"
    yield from sphinx(name, folder)


def sphinx(name, folder):
    source = folder / "sphinx"
    source.mkdir()
    pandoc(f"{name}.md", "sphinx/text.rst", "-t", "rst", folder=folder)
    others = []
    for title in SITE_NAV:
        other = title.lower().replace(" ", "-")
        (source / f"{other}.rst").write_text(f"{title}\n{'=' * len(title)}\n\nNothing here.\n")
        others.append(f"   {other}")
    toc = "\n".join([".. toctree::", "", "   text", *others])
    (source / "index.rst").write_text(f"Coastal web\n===========\n\n{toc}\n")
    (source / "conf.py").write_text("project = 'Coastal web'\nauthor = 'The society'\n")
    for builder in ("html", "epub"):
        run(BIN / "sphinx-build", "-b", builder, source, folder / builder, folder=folder)
    yield "sphinx.html", folder / "html" / "text.html"


def markup(name, folder):
    """Smaller converters to HTML."""
    pandoc(f"{name}.md", "m.rst", "-t", "rst", folder=folder)
    run(BIN / "docutils", "m.rst", "docutils.html", folder=folder)
    yield "docutils.html", folder / "docutils.html"
    pandoc(f"{name}.md", "m.adoc", "-t", "asciidoctor", folder=folder)
    run("asciidoctor", "m.adoc", "-o", "asciidoctor.html", folder=folder)
    yield "asciidoctor.html", folder / "asciidoctor.html"
    pandoc(f"{name}.md", "m.docx", folder=folder)
    run(BIN / "mammoth", "m.docx", "mammoth.html", folder=folder)
    body = (folder / "mammoth.html").read_text()
    (folder / "mammoth.html").write_text(f"<html><body>{body}</body></html>")
    yield "mammoth.html", folder / "mammoth.html"


def captions(name, folder):
    """Captions with five seconds a line; ffmpeg and pysubs2 turn one kind into the other."""
    import pysubs2

    subtitles, lines = pysubs2.SSAFile(), []
    for block in texts.blocks(name):
        parts = block.removeprefix("# ").split()
        lines += [" ".join(parts[i : i + 12]) for i in range(0, len(parts), 12)]
    for number, line in enumerate(lines):
        start = number * 5000
        event = pysubs2.SSAEvent(
            start, start + 4800, line.replace(" ", "\\N", 7).replace("\\N", " ", 6)
        )
        subtitles.append(event)
    for kind in ("srt", "vtt"):
        subtitles.save(str(folder / f"pysubs2.{kind}"))
        yield f"pysubs2.{kind}", folder / f"pysubs2.{kind}"
    for source, target in (("srt", "vtt"), ("vtt", "srt")):
        run("ffmpeg", "-y", "-i", f"pysubs2.{source}", f"ffmpeg.{target}", folder=folder)
        yield f"ffmpeg.{target}", folder / f"ffmpeg.{target}"


def unreadable(folder):
    """A PDF that wants a password, one that is nothing but a picture, one that is so in part."""
    from fpdf import FPDF
    from fpdf.enums import EncryptionMethod
    from PIL import Image

    picture = folder / "picture.png"
    Image.new("L", (300, 400), 200).save(picture)
    locked, scanned, partly = FPDF(), FPDF(), FPDF()
    for paper in (locked, partly):
        paper.set_font("helvetica", size=12)
        paper.add_page()
        paper.multi_cell(0, 6, "The ferry left the harbour at six. Nobody on the quay waved.")
    for paper in (scanned, partly):
        paper.add_page()
        paper.image(picture, w=180)
    locked.set_encryption("owner", "user", encryption_method=EncryptionMethod.RC4)
    for name, paper in {"encrypted": locked, "scanned": scanned, "partly": partly}.items():
        paper.output(str(UNREADABLE / f"{name}.pdf"))


ALL = (office, with_pandoc, printed, weasyprint, groff, fpdf, calibre, sites, markup)
RECIPES = {
    "harbour": ALL,
    "moor": (office, with_pandoc, printed, weasyprint, fpdf, calibre),
    "talk": (office, captions),
}


def main(only):
    FILES.mkdir(exist_ok=True)
    UNREADABLE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        unreadable(Path(folder))
    for name, recipes in RECIPES.items():
        for recipe in recipes:
            if only and recipe.__name__ not in only:
                continue
            with tempfile.TemporaryDirectory() as folder:
                folder = Path(folder)
                (folder / f"{name}.md").write_text(markdown(name))
                for target, made in recipe(name, folder):
                    shutil.copy(made, FILES / f"{name}-{target}")
                    print(f"{name}-{target}", made.stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1:])
