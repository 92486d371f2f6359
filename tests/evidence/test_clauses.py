"""Clauses, and `pipeline.evidence.claims.words`: where they are cut, whom they are about, and how
they are told."""

import pytest

from pipeline.evidence.claims.clauses import clauses
from pipeline.evidence.claims.words import alike, expanded, root


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Anna slept, and Ben wrote.", ["Anna slept", "and Ben wrote"]),
        ("Anna and Ben slept.", ["Anna and Ben slept"]),
        ("Anna said Ben slept.", ["Anna said", "Ben slept"]),
        ("Anna left because it rained.", ["Anna left", "because it rained"]),
        ("", []),
    ],
)
def test_clauses_are_cut_where_a_verb_follows(text, parts):
    assert [" ".join(clause.words) for clause in clauses(text)] == parts


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("The captain of the ship gave orders.", {"captain"}),
        ("Anna and Ben were late.", {"anna", "ben"}),
        ("The ship was not sold by Captain Reed.", {"captain", "reed"}),
        ("The ship was sold.", set()),
        ("It was cold.", set()),
    ],
)
def test_a_clause_is_about_someone(text, agent):
    assert clauses(text)[0].agent == agent


def test_a_clause_takes_its_subject_from_the_one_before():
    assert [set(c.agent) for c in clauses("Ben rose and took the lamp.")] == [{"ben"}, {"ben"}]
    assert set(clauses("Anna met the doctor, who left at once.")[1].agent) == {"doctor"}


@pytest.mark.parametrize(
    ("text", "moods"),
    [
        ("They decided to go.", {"settled"}),
        ("They will go.", {"planned"}),
        ("Maybe they went.", {"possible"}),
        ("They went in May against his will.", set()),
        ("They went?", {"asked"}),
    ],
)
def test_a_clause_is_told_in_moods(text, moods):
    assert clauses(text)[0].moods == moods


def test_what_is_said_of_a_thing_governs_what_follows():
    first, second = clauses("I don't think that we need it.")
    assert first.denied
    assert second.denied
    assert "said" in second.moods


@pytest.mark.parametrize(
    ("one", "other"),
    [("bought", "purchased"), ("went", "goes"), ("explosion", "exploded"), ("sale", "selling")],
)
def test_words_of_one_meaning_are_alike(one, other):
    assert alike(root(one), frozenset({root(other)}))
    assert not alike(root(one), frozenset({root("river")}))


def test_short_forms_are_told_apart_from_who():
    assert expanded("She'll go, he'd left, I'd go.") == "She will go, he had left, I would go."
    assert clauses("They'll build it.")[0].pronoun == "they"


def test_what_tells_behind_counts_for_all_before_it():
    (first, _) = clauses('"The house burned," joked Ben.')
    assert "joked" in first.moods
    (first, _) = clauses("We need it, don't we?")
    assert "asked" not in first.moods


def test_who_is_whose_son_is_not_the_other():
    (clause,) = clauses("The son of the miller left.")
    assert clause.named == {"son"}
    (clause,) = clauses("The captain was Ben.")
    assert clause.equates
