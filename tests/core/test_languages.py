"""Summaries are in the document's language, or in the one that was asked for."""

import asyncio
import contextlib
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_texts import IN_LANGUAGES

from pipeline.core.clean import clean
from pipeline.core.prompts import FORMS, Wording, nothing_on
from pipeline.core.summarizer import Summarizer
from pipeline.corpus.pool import Pool
from pipeline.documents.document import Document
from pipeline.errors import EchoedAnswer, InputError
from pipeline.models.base import ModelOptions
from pipeline.testing import ScriptedModel, first_words
from pipeline.text.languages import NAMES, Languages, language_of
from pipeline.text.sentences import sentences
from pipeline.text.terms import count_words

SPACED = ("en", "de", "fr", "es")
ENGLISH = (
    "The old scales of the village were used for a very long time, and then forgotten by everyone."
)
GERMAN = "Die alte Waage der Gemeinde wurde lange benutzt, dann vergessen und schließlich gerettet."


@dataclass
class Characters(ScriptedModel):
    """A model whose tokens are characters, as they nearly are for scripts without spaces."""

    def count_text(self, text):
        return len(text)


def summarize(answer, code="de", **options):
    model = ScriptedModel(answer, context=options.pop("context", 600))
    one = Summarizer(model, **{"words": 60, "summary_tokens": 60, **options})
    return asyncio.run(one.summarize(Document(IN_LANGUAGES[code], code))), model


def own_sentences(call):
    """Answer with two sentences of the text that is asked about."""
    text = call.user.removeprefix("Text:\n\n").rpartition("\n\n")[0]
    return " ".join(text[start:end] for start, end in sentences(text)[1:3])


def test_an_unknown_language_is_refused_with_those_that_are_known():
    with pytest.raises(InputError, match=r"'Klingon'.*German \(de\)"):
        Summarizer(ScriptedModel(first_words(9)), language="Klingon").plan(Document(ENGLISH))


# Prompts


def test_in_english_nothing_is_said_of_language():
    result, model = summarize(own_sentences, "en")
    assert result.plan.languages == Languages("en")
    assert all(call.user.endswith(("in one paragraph.", "60 words.")) for call in model.calls)


def test_other_languages_are_named_at_the_end():
    result, model = summarize(own_sentences, "de")
    assert result.plan.languages == Languages("de")
    assert all(call.user.endswith(", in German.") for call in model.calls)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("query", [None, "Who was Walburga?"])
def test_a_closing_line_that_names_a_language_is_known_in_an_answer(form, query):
    wording = Wording(form, query, "German")
    for prompt in (wording.partial(""), wording.final("", 80)):
        closing = prompt.user.splitlines()[-1]
        assert "in German" in closing
        assert clean(f"{closing}\n{GERMAN}", finish="stop") == GERMAN
        with pytest.raises(EchoedAnswer):
            clean(closing, finish="stop")


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(list(IN_LANGUAGES)), st.sampled_from([None, *NAMES]), st.integers(350, 900))
def test_every_prompt_fits_in_any_language(code, asked, context):
    """ScriptedModel refuses a prompt that does not fit with its answer, as servers cut it."""
    model = Characters(own_sentences, context=4 * context)
    one = Summarizer(model, words=30, summary_tokens=150, language=asked)
    result = asyncio.run(one.summarize(Document(IN_LANGUAGES[code])))
    assert len(model.calls) >= result.plan.calls
    assert not any("PromptCut" in stand_in.reason for stand_in in result.stand_ins)


# The check


def test_the_right_language_is_asked_for_once():
    result, model = summarize(own_sentences)
    assert len(model.calls) == result.plan.calls > 2
    assert result.stand_ins == ()
    assert result.to_dict()["language"] == {"text": "de", "asked": None, "summary": "de"}


def test_a_wrong_language_is_asked_for_once_more():
    result, model = summarize(lambda call: own_sentences(call) if call.attempt else ENGLISH)
    assert len(model.calls) == 2 * result.plan.calls
    assert {call.attempt for call in model.calls} == {0, 1}
    assert result.stand_ins == ()
    assert language_of(result.summary) == "de"


def test_where_it_stays_wrong_the_text_stands_in():
    result, model = summarize(lambda call: ENGLISH)
    assert len(model.calls) == 2 * result.plan.calls, "one second look, and no more"
    assert len(result.stand_ins) == result.plan.calls
    assert all("wrote English" in stand_in.reason for stand_in in result.stand_ins)
    assert all(part in IN_LANGUAGES["de"].replace("\n", " ") for part in split(result.summary))
    assert language_of(result.summary) == "de"


# Another language than the document's


def test_an_answer_in_the_language_that_was_asked_for_is_kept():
    result, model = summarize(lambda call: ENGLISH, language="en")
    assert result.to_dict()["language"] == {"text": "de", "asked": "en", "summary": "en"}
    assert result.summary == ENGLISH, "no sentence of the text is among them"
    assert (result.stand_ins, result.warnings) == ((), ())
    assert all(call.user.endswith(", in English.") for call in model.calls)


def test_an_answer_in_another_language_than_asked_for_is_kept_with_a_warning():
    result, model = summarize(own_sentences, language="French")
    assert len(model.calls) == 2 * result.plan.calls
    assert result.stand_ins == ()
    assert result.language == "de"
    assert result.warnings == ("the summary is in German: the model did not write French",)


@pytest.mark.parametrize(
    ("code", "query", "said"),
    [
        ("en", "What about submarines?", "The text says nothing about this: "),
        ("de", "Unterseeboote", "Der Text sagt dazu nichts: "),
        ("fr", "Hélicoptères", "Le texte ne dit rien à ce sujet : "),
        ("es", "Submarinos", "El texto no dice nada sobre esto: "),
        ("zh", "潜艇", "文中没有提到这一点："),
        ("ja", "潜水艦", "本文にはこれについての記述がありません："),
    ],
)
def test_a_text_that_holds_nothing_on_a_query_says_so_in_its_language(code, query, said):
    result, model = summarize(first_words(9), code, query=query)
    assert result.summary == said + query
    assert model.calls == []


def test_where_no_answer_is_at_hand_in_a_language_it_is_in_english():
    assert nothing_on("Miksi?", "fi") == nothing_on("Miksi?", None)
    assert nothing_on("Miksi?", "fi") == "The text says nothing about this: Miksi?"


@pytest.mark.parametrize("merge", ["auto", "extractive", "rewrite"])
def test_into_another_language_the_model_merges(merge):
    model = ScriptedModel(lambda call: ENGLISH, context=600, parameters=135_000_000)
    one = Summarizer(model, words=60, summary_tokens=60, merge=merge, language="en")
    plan = one.plan(Document(IN_LANGUAGES["de"]))
    assert plan.merge_calls == len(plan.merges) > 0


def test_choosing_sentences_cannot_translate():
    one = Summarizer(ScriptedModel(first_words(9)), strategy="extractive", language="fr")
    with pytest.raises(InputError, match="French"):
        one.plan(Document(IN_LANGUAGES["de"]))


def test_a_question_in_another_language_leaves_no_chunk_out():
    query = "What did the first master of the scales write into his black book every day?"
    model = ScriptedModel(own_sentences, context=600)
    one = Summarizer(model, words=60, summary_tokens=60, query=query)
    plan = one.plan(Document(IN_LANGUAGES["de"]))
    assert plan.off_topic == ()


RUSSIAN = (
    "Утром на острове начался сильный дождь, и все лодки остались на берегу до самого вечера. "
    "Рыбаки нашли у маяка старую книгу в кожаном переплёте с медными застёжками и с картами. "
    "Почтовый пароход опоздал на три часа, потому что капитан долго ждал погоды в порту. "
    "Вечером в школе показывали кино, и учитель играл на рояле до поздней ночи для детей. "
)


@pytest.mark.parametrize("strategy", ["extractive", "map_reduce"])
def test_a_question_is_known_in_other_forms_of_its_words(strategy):
    """Stems follow the language: in Russian, English rules see four words in those of one."""
    model = ScriptedModel(own_sentences, context=600, parameters=135_000_000)
    options = {"words": 14, "summary_tokens": 60, "chunk_tokens": 14}
    one = Summarizer(model, strategy=strategy, query="О книгах", sources=True, **options)
    result = asyncio.run(one.summarize(Document(RUSSIAN)))
    (kept,) = result.plan.leaves
    assert "книгу" in kept.text
    assert "книгу" in result.summary
    assert result.evidence.sentences[0].sources


# What depends on it


def test_what_every_result_depends_on_names_the_language():
    pool = Pool(Summarizer(ScriptedModel(first_words(9)), language="de"))
    assert pool.identity["language"] == "de"


# Scripts without spaces


@pytest.mark.parametrize("code", ["zh", "ja"])
@pytest.mark.parametrize("merge", ["abstractive", "extractive", "rewrite"])
def test_the_length_is_kept_without_spaces(code, merge):
    model = Characters(own_sentences, context=900)
    one = Summarizer(model, words=60, summary_tokens=150, merge=merge, sources=True)
    result = asyncio.run(one.summarize(Document(IN_LANGUAGES[code])))
    assert len(result.plan.chunks) > 1
    assert count_words(result.summary) <= 1.25 * 60, result.summary
    if merge != "abstractive":  # what a model writes may be shorter
        assert count_words(result.summary) >= 0.75 * 60, result.summary
    assert result.summary.endswith("。")
    assert all(sentence.sources for sentence in result.evidence.sentences)
    assert result.language == code


def test_a_final_answer_has_room_for_the_words_that_were_asked_for():
    """With two characters to a word, 1.75 tokens a word would cut it in half."""
    one = Summarizer(Characters(own_sentences, context=3000), words=100)
    assert one.plan(Document(IN_LANGUAGES["zh"])).budget.answer >= 200
    assert one.plan(Document(IN_LANGUAGES["en"])).budget == one.budget()


# A real model


def real_summary(adapter, text, **options):
    model = adapter.open(ModelOptions(context=1024, timeout=600))

    async def run():
        async with contextlib.aclosing(model):
            return await Summarizer(model, **options).summarize(Document(text))

    return asyncio.run(run())


@pytest.mark.parametrize("code", IN_LANGUAGES)
def test_a_real_model_summarizes_in_the_language_of_the_text(code, real_smollm2):
    length, bound = (700, 150) if code in SPACED else (240, 260)  # two chunks
    text = IN_LANGUAGES[code][:length]
    result = real_summary(real_smollm2, text, words=30, summary_tokens=40, chunk_tokens=bound)
    assert len(result.plan.chunks) > 1
    assert result.language == code, result.summary


@pytest.mark.slow
@pytest.mark.parametrize("code", IN_LANGUAGES)
def test_a_real_model_summarizes_whole_texts_in_their_language(code, real_smollm2):
    result = real_summary(real_smollm2, IN_LANGUAGES[code], words=80)
    print(code, result.summary)
    assert result.language == code, result.summary
    assert abs(count_words(result.summary) - 80) <= 0.25 * 80


def split(text):
    return [text[start:end] for start, end in sentences(text)]
