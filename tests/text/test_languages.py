"""Summaries are in the document's language, or in the one that was asked for."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.clean import clean
from pipeline.core.prompts import FORMS, Wording, nothing_on
from pipeline.core.summarizer import Summarizer
from pipeline.corpus.pool import Pool
from pipeline.documents.document import Document
from pipeline.errors import EchoedAnswer, InputError
from pipeline.evidence.facts import SourceFacts, kinds_of, unsupported
from pipeline.evidence.review import Reviewer
from pipeline.models.base import ModelOptions
from pipeline.testing import ScriptedModel, first_words
from pipeline.text.languages import NAMES, Languages, language_code, language_of
from pipeline.text.sentences import sentences
from pipeline.text.terms import count_words

GOLDEN = Path(__file__).parents[1] / "golden"
FILES = {
    "en": GOLDEN / "lighthouse.txt",
    **{code: GOLDEN / "languages" / f"{code}.txt" for code in ("de", "fr", "es", "zh", "ja")},
}
TEXTS = {code: path.read_text(encoding="utf-8") for code, path in FILES.items()}
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
    return asyncio.run(one.summarize(Document(TEXTS[code], code))), model


def own_sentences(call):
    """Answer with two sentences of the text that is asked about."""
    text = call.user.removeprefix("Text:\n\n").rpartition("\n\n")[0]
    return " ".join(text[start:end] for start, end in sentences(text)[1:3])


# Telling a language


@pytest.mark.parametrize("code", TEXTS)
def test_a_text_is_told_by_its_language(code):
    assert language_of(TEXTS[code]) == code


@given(st.sampled_from(list(TEXTS)), st.integers(0, 10_000), st.integers(0, 3000))
def test_no_part_of_a_text_is_taken_for_another_language(code, start, length):
    start %= len(TEXTS[code])
    assert language_of(TEXTS[code][start : start + length]) in (code, None)


@given(st.text(max_size=500))
def test_any_text_has_a_known_language_or_none(text):
    assert language_of(text) in {*NAMES, None}


@pytest.mark.parametrize(
    "text",
    ["", "  \n", "1984, 2001", "Grüß Gott", "你好", TEXTS["en"][:2000] + TEXTS["zh"][:700]],
    ids=["empty", "blank", "numbers", "short", "dense", "mixed"],
)
def test_what_is_short_or_mixed_has_none(text):
    assert language_of(text) is None


@pytest.mark.parametrize("name", ["de", "German", "german", " DE "])
def test_languages_are_asked_for_by_code_or_name(name):
    assert language_code(name) == "de"


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
@given(st.sampled_from(list(TEXTS)), st.sampled_from([None, *NAMES]), st.integers(350, 900))
def test_every_prompt_fits_in_any_language(code, asked, context):
    """ScriptedModel refuses a prompt that does not fit with its answer, as servers cut it."""
    model = Characters(own_sentences, context=4 * context)
    one = Summarizer(model, words=30, summary_tokens=150, language=asked)
    result = asyncio.run(one.summarize(Document(TEXTS[code])))
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
    assert all(part in TEXTS["de"].replace("\n", " ") for part in split(result.summary))
    assert language_of(result.summary) == "de"


def test_a_text_of_unknown_language_may_have_any_answer():
    review = Reviewer(TEXTS["en"]).review(GERMAN)
    assert review.foreign is None


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
    plan = one.plan(Document(TEXTS["de"]))
    assert plan.merge_calls == len(plan.merges) > 0


def test_choosing_sentences_cannot_translate():
    one = Summarizer(ScriptedModel(first_words(9)), strategy="extractive", language="fr")
    with pytest.raises(InputError, match="French"):
        one.plan(Document(TEXTS["de"]))


def test_a_question_in_another_language_leaves_no_chunk_out():
    query = "What did the first master of the scales write into his black book every day?"
    model = ScriptedModel(own_sentences, context=600)
    plan = Summarizer(model, words=60, summary_tokens=60, query=query).plan(Document(TEXTS["de"]))
    assert plan.off_topic == ()


# What depends on it


def test_what_every_result_depends_on_names_the_language():
    pool = Pool(Summarizer(ScriptedModel(first_words(9)), language="de"))
    assert pool.identity["language"] == "de"


def test_nouns_with_capitals_are_no_names():
    said = "Der Wiegemeister notierte jede Wägung mit großer Sorgfalt und Geduld."
    assert unsupported(said, SourceFacts(TEXTS["de"], "de"), kinds_of(Languages("de"))) == []


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
    known, kinds = SourceFacts(TEXTS[code], code), kinds_of(Languages(code))
    assert unsupported(true, known, kinds) == []
    assert len(unsupported(false, known, kinds)) == 1


def test_across_languages_only_numbers_are_looked_up():
    crossed = Reviewer(TEXTS["de"], None, Languages("de", "en"))
    review = crossed.review("Walburga quarrelled with Dealers for 30 years about Elephants.")
    assert not review.doubtful
    assert crossed.review("The scales were built in 1849, long ago.").unsupported == 1


# Scripts without spaces


@pytest.mark.parametrize(
    ("code", "faithful", "other"),
    [
        (
            "zh",
            "周敏教授建议钻孔来阻止裂缝变大，修理以后钟声传到更远的村庄。",
            "玫瑰是红色的，紫罗兰是蓝色的，糖是甜的，我今天很想去海边游泳。",
        ),
        (
            "ja",
            "中学生たちは昔の地図を使って、届かなかった手紙の持ち主を探し出した。",
            "明日は友達と一緒に映画を見て、そのあとレストランで夕食を食べる予定です。",
        ),
    ],
)
def test_other_words_for_one_place_are_not_stray_without_spaces(code, faithful, other):
    source = Reviewer(TEXTS[code], None, Languages(code))
    assert not source.review(faithful).off_source
    assert source.review(other).off_source


@pytest.mark.parametrize("code", ["zh", "ja"])
@pytest.mark.parametrize("merge", ["abstractive", "extractive", "rewrite"])
def test_the_length_is_kept_without_spaces(code, merge):
    model = Characters(own_sentences, context=900)
    one = Summarizer(model, words=60, summary_tokens=150, merge=merge, sources=True)
    result = asyncio.run(one.summarize(Document(TEXTS[code])))
    assert len(result.plan.chunks) > 1
    assert abs(count_words(result.summary) - 60) <= 0.25 * 60, result.summary
    assert result.summary.endswith("。")
    assert all(sentence.sources for sentence in result.evidence.sentences)
    assert result.language == code


def test_a_final_answer_has_room_for_the_words_that_were_asked_for():
    """With two characters to a word, 1.75 tokens a word would cut it in half."""
    one = Summarizer(Characters(own_sentences, context=3000), words=100)
    assert one.plan(Document(TEXTS["zh"])).budget.answer >= 200
    assert one.plan(Document(TEXTS["en"])).budget == one.budget()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Am 3. März 1976 kam z. B. Dr. Kuhn mit der Nr. 12. Im 19. Jahrhundert nicht.", 2),
        ("El Sr. Marín y la Sra. Ruiz llegaron. ¿Quién fue? ¡Nadie!", 3),
        ("M. Le Goff dit : « Non. » Puis il partit.", 2),
        ("他说：“钟坏了。”大家都走了。真的吗？是的！", 4),
        ("「本当か？」と聞いた。とても驚いた。", 2),
    ],
)
def test_sentences_end_where_each_language_ends_them(text, count):
    assert len(split(text)) == count


@pytest.mark.parametrize(
    "opening",
    ["Hier ist eine Zusammenfassung des Textes: ", "Voici un résumé du texte : ", "Resumen: ",
     "以下是这段文字的摘要：", "要約："],
)  # fmt: skip
def test_openings_are_cut_off(opening):
    assert clean(f"{opening}1976.", finish="stop") == "1976."


# A real model


def real_summary(adapter, text, **options):
    model = adapter.open(ModelOptions(context=1024, timeout=600))

    async def run():
        async with contextlib.aclosing(model):
            return await Summarizer(model, **options).summarize(Document(text))

    return asyncio.run(run())


@pytest.mark.parametrize("code", TEXTS)
def test_a_real_model_summarizes_in_the_language_of_the_text(code, real_smollm2):
    length, bound = (700, 150) if code in SPACED else (240, 260)  # two chunks
    text = TEXTS[code][:length]
    result = real_summary(real_smollm2, text, words=30, summary_tokens=40, chunk_tokens=bound)
    assert len(result.plan.chunks) > 1
    assert result.language == code, result.summary


@pytest.mark.slow
@pytest.mark.parametrize("code", TEXTS)
def test_a_real_model_summarizes_whole_texts_in_their_language(code, real_smollm2):
    result = real_summary(real_smollm2, TEXTS[code], words=80)
    print(code, result.summary)
    assert result.language == code, result.summary
    assert abs(count_words(result.summary) - 80) <= 0.25 * 80


def split(text):
    return [text[start:end] for start, end in sentences(text)]
