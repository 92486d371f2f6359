"""Web pages: the content is kept, what is around it is not."""

import pytest

from pipeline.documents.formats.detect import read
from pipeline.errors import TooLarge

PROSE = (
    "The dredger came round the mole at a quarter past five, before anybody on the quay was awake. "
    "She brought up silt, flat stones and a bicycle, and nobody asked whose bicycle it had been."
)


def labels(document, kind):
    return [mark.label for mark in document.marks if mark.kind == kind]


def test_a_page_is_read_without_what_is_around_it():
    menu = "".join(f"<li><a href=/{i}>Menu {i}</a></li>" for i in range(9))
    html = f"""<html><head><title>No</title></head><body>
      <header><nav><ul>{menu}</ul></nav></header>
      <div class="cookie-banner">We use cookies.</div>
      <main><article><h1>The dredger<a class=headerlink href="#x">¶</a></h1>
        <p>{PROSE}</p><p>Short.</p><h2>Coal</h2><p>{PROSE} Again.</p>
        <ul><li>silt<li>stones</ul><p hidden>unseen</p>
        <div class="share">Share this</div>
        <table><tr><td>Mole<td>640</table></article>
        <aside>Elsewhere: more boats</aside></main>
      <footer>All rights reserved</footer></body></html>"""
    document = read(html.encode(), "a")
    assert document.text == (
        f"The dredger\n\n{PROSE}\n\nShort.\n\nCoal\n\n{PROSE} Again.\n\n"
        "- silt\n- stones\n\nMole\t640"
    )
    assert labels(document, "heading") == ["The dredger", "Coal"]
    assert document.removed.navigation > 20


def test_the_title_above_the_content_and_the_last_words_below_it_are_kept():
    paragraphs = "".join(f"<p>{PROSE} {i}.</p>" for i in range(30))
    html = f"""<html><body><ul class=menu><li><a href=/>Home</a></ul>
      <div><h1>The dredger</h1><div><div>{paragraphs}</div><div><p>{PROSE} Last.</p></div></div>
      </div></body></html>"""
    text = read(html.encode(), "a").text
    assert text.startswith("The dredger\n\nThe dredger came")
    assert text.endswith("Last.")
    assert "Home" not in text


def test_a_page_in_another_encoding_is_read_as_it_says():
    html = "<html><meta charset='iso-8859-2'><body><p>Łódź i Kraków</p></body></html>"
    assert read(html.encode("iso-8859-2"), "a").text == "Łódź i Kraków"


def test_a_page_is_read_to_its_end_whatever_is_in_it():
    picture = f"<img src='data:image/png;base64,{'a' * 11_000_000}'>"
    html = f"<html><body><p>Rivers carry sand.</p>{picture}<p>The sea takes it.</p></body></html>"
    assert read(html.encode(), "a").text == "Rivers carry sand.\n\nThe sea takes it."
    with pytest.raises(TooLarge):
        read(b"<html><body>" + b"<div>" * 3000 + b"The end.", "a")
