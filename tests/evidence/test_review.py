"""Answers held against their source."""

import pytest
from sample_texts import IN_LANGUAGES

from pipeline.evidence.review import MARK, Reviewer
from pipeline.text.languages import Languages

SOURCE = Reviewer("In 1911 Scott built a hut at Cape Evans. Twenty-four men lived there in winter.")


def test_an_answer_that_the_source_holds_passes_unchanged():
    review = SOURCE.review("Scott's hut at Cape Evans housed 24 men.\n\nThat was in winter.")
    assert not review.doubtful
    assert review.supported == "Scott's hut at Cape Evans housed 24 men.\n\nThat was in winter."


def test_sentences_with_facts_that_the_source_lacks_are_left_out():
    review = SOURCE.review("Scott built a hut. It stood on the Isle of Elba. It was winter there.")
    assert review.supported == "Scott built a hut. It was winter there."
    assert review.unsupported == 1 / 3


def test_an_answer_of_which_a_quarter_is_invented_is_worth_asking_again():
    true, invented = "Scott built a hut.", "It stood on the Isle of Elba."
    assert SOURCE.review(f"{true} {invented}").doubtful
    assert SOURCE.review(f"{true} {invented} It was winter. Men lived there.").doubtful


def test_an_answer_with_one_invented_sentence_of_five_only_loses_it():
    review = SOURCE.review(
        "Scott built a hut. It stood on the Isle of Elba. It was winter. Men lived there. In 1911."
    )
    assert not review.doubtful
    assert review.supported == "Scott built a hut. It was winter. Men lived there. In 1911."


def test_of_what_is_all_invented_nothing_is_left():
    review = SOURCE.review("Scott lived on Elba. In 1872 he left. He saw the Great Barrier Reef.")
    assert review.doubtful
    assert review.unsupported == 1
    assert review.supported == ""


def test_an_answer_about_something_else_is_stray():
    review = SOURCE.review("roses are red and violets are blue while sugar tastes sweet to you")
    assert review.off_source
    assert review.doubtful


def test_a_few_words_cannot_be_stray():
    assert not SOURCE.review("Nothing much happens.").off_source


def test_facts_are_marked_where_they_stand():
    marked = SOURCE.mark("Scott came in 1911 and left in 1872.")
    assert marked == f"Scott came in 1911 and left in 1872 {MARK}."


def test_across_languages_only_numbers_are_looked_up():
    crossed = Reviewer(IN_LANGUAGES["de"], None, Languages("de", "en"))
    review = crossed.review("Walburga quarrelled with Dealers for 30 years about Elephants.")
    assert not review.doubtful
    assert crossed.review("The scales were built in 1849, long ago.").unsupported == 1


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
    source = Reviewer(IN_LANGUAGES[code], None, Languages(code))
    assert not source.review(faithful).off_source
    assert source.review(other).off_source


def test_a_text_of_unknown_language_may_have_any_answer():
    german = "Die alte Waage der Gemeinde wurde lange benutzt und dann vergessen."
    assert Reviewer(IN_LANGUAGES["en"]).review(german).foreign is None


def test_an_answer_in_other_forms_of_the_texts_words_is_of_it():
    text = "Старую книгу нашли рыбаки у маяка. Хозяйка лавки купила находку за серебро."
    answer = "Рыбаками у маяков найдены старые книги, находки куплены хозяйкой лавок."
    assert not Reviewer(text, None, Languages("ru")).review(answer).off_source
    assert Reviewer(text).review(answer).off_source  # by the rules for English
