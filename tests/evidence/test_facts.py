"""Numbers, names and quotations: what a source does not hold, and what it holds spelled anew."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_texts import IN_LANGUAGES

from eval.tasks import load_task
from pipeline.evidence.facts import SourceFacts, kinds_of, unsupported
from pipeline.text.languages import Languages

SOURCE = (
    "On 14 March 1953 Captain Winship of the Rackhams' company lit twenty-four lamps at Cape "
    "Evans. The bill was 1,500,000 crowns, or $3.50 a head; seventy percent was paid by noon, at "
    "7:30 p.m. the rest. Dr. Girard-Perregaux said: “The law must go on.” General Finogenov came "
    "from America with 2.5 tons of coal, and in the nineteen fifties the third house burned."
)
KNOWN = SourceFacts(SOURCE)


def flagged(text, known=KNOWN):
    return [fact.text for fact in unsupported(text, known)]


@pytest.mark.parametrize(
    "text",
    [
        "There were 24 lamps.",
        "The twenty four lamps burned.",
        "It cost 1.5 million crowns.",
        "It cost 1,500,000 crowns, or 1500000.",
        "The bill was $3.5.",
        "Some 70% was paid.",
        "On the fourteenth of March, or the 14th, it began.",
        "At 7:30 they ate.",
        "In nineteen fifty-three the lamps were lit.",
        "No one came at first; one of them slept for a second.",
        "The 3rd house burned.",
        "The law of Captain Winship is known.",
        "In it, Winship's lamp went out.",
        "The American general, Finogenov, brought coal.",
        "They say that Finogenof came.",  # a spelling
        "It was Mr. Rackham who came.",
        "A man named Girard and a man named Perregaux spoke.",
        "He said that “the law must go on”.",
        'He said "The law must go on" to all.',
        "Penguins swam. However, nothing burned.",  # capitals that open sentences
        "He thought: Nobody knows.",
        "Then I went, and I'm glad.",
        "The lamp burned.\n\nConclusion: The lamp is out.\nKeyword: lamps.",
        'He called it "good" and went on to say that it was "bad" in the end.',
        "There were:\n1. lamps,\n2. sacks.",
        "This is a 'quoted' word and a “so called” lamp.",
        'He said: "The third house burned. The law must go on." to all.',  # apart in the source
    ],
)
def test_what_the_source_holds_is_not_flagged(text):
    assert flagged(text) == []


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("In 1987 it burned.", ["1987"]),
        ("There were 25 lamps and 24 men.", ["25"]),
        ("There were thirty-two lamps.", ["thirty-two"]),
        ("It cost 2.5 million crowns.", ["2.5 million"]),
        ("It cost 1,500 crowns.", ["1,500"]),
        ("Only 71% was paid.", ["71"]),
        ("In the nineteen sixties it burned, in the 1950s not.", ["nineteen sixties"]),
        ("Off the Great Barrier Reef he slept.", ["Great", "Barrier", "Reef"]),
        ("He sailed to Elba with Winship.", ["Elba"]),
        ("John Smith lit the lamp.", ["John", "Smith"]),
        ("He saw Lieutenant Chandler.", ["Lieutenant", "Chandler"]),
        ("He said “the lamp must go out”.", ["the lamp must go out"]),
        ('A poem named "A Song of Ice" was read.', ["A Song of Ice", "Song", "Ice"]),
        ("The fifth house burned.", ["fifth"]),
    ],
)
def test_what_it_does_not_hold_is(text, facts):
    assert flagged(text) == facts


def test_the_query_is_a_source_too():
    text = "The text says nothing of Marseille."
    assert flagged(text) == ["Marseille"]
    assert flagged(text, SourceFacts(f"{SOURCE}\nWhat of Marseille?")) == []


def test_other_scripts_have_numbers_and_no_names():
    assert flagged("灯塔 有 24 盏灯, 1987 年 。", SourceFacts("灯塔有 24 盏灯")) == ["1987"]


@given(st.text(max_size=200))
def test_any_text_supports_itself(text):
    assert flagged(text, SourceFacts(text)) == []


@given(st.text(max_size=200), st.text(max_size=50))
def test_facts_are_stretches_of_the_text(text, source):
    for fact in unsupported(text, SourceFacts(source)):
        assert text[fact.start : fact.end] == fact.text


def test_nouns_with_capitals_are_no_names():
    said = "Der Wiegemeister notierte jede Wägung mit großer Sorgfalt und Geduld."
    assert unsupported(said, SourceFacts(IN_LANGUAGES["de"], "de"), kinds_of(Languages("de"))) == []


@pytest.mark.parametrize(
    ("code", "true", "false"),
    [
        ("de", "Er bekam 4 Pfennige; das kostete 41.000 Euro.", "Das kostete 39.000 Euro."),
        ("fr", "Elle a 81 ans et veille sur 11 ruches.", "Elle a 79 ans."),
        ("es", "El tren llevaba 24 toneladas.", "El tren llevaba 36 toneladas."),
        ("zh", "钟楼建于1883年。", "钟楼建于1938年。"),
        ("ja", "局は1912年に建てられた。", "局は1921年に建てられた。"),
    ],
)
def test_numbers_are_looked_up_in_every_language(code, true, false):
    known, kinds = SourceFacts(IN_LANGUAGES[code], code), kinds_of(Languages(code))
    assert unsupported(true, known, kinds) == []
    assert len(unsupported(false, known, kinds)) == 1


GOLDEN = Path(__file__).parents[1] / "golden" / "facts.jsonl"


def test_hand_checked_cases():
    """Every fact of the summaries that smollm2:135m made of the sample, ours and LangChain's.

    Each was looked up in its document by hand. A name in a wrong form ("Teodora" for Teodor) is
    noted as unsupported, although we take it for a spelling.
    """
    documents = {item.id: SourceFacts(item.document) for item in load_task("sample").items}
    cases = [json.loads(line) for line in GOLDEN.read_text("utf-8").splitlines()]
    assert len(cases) >= 200
    hits, flags, misses = Counter(), Counter(), Counter()
    for case in cases:
        found = flagged(case["sentence"], documents[case["doc"]])
        flags[case["kind"]] += case["fact"] in found
        if not case["supported"]:
            hits[case["kind"]] += case["fact"] in found
            misses[case["kind"]] += case["fact"] not in found
    print(f"{len(cases)} cases; flagged: {flags}; rightly: {hits}; missed: {misses}")
    assert hits.total() >= 0.9 * flags.total()
    assert hits["number"] >= 0.9 * (hits["number"] + misses["number"])
    assert hits["name"] >= 0.8 * (hits["name"] + misses["name"])
