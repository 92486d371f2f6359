"""What small models do wrong, mended. Every rule has answers that smollm2:135m really gave."""

import contextlib
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import errors
from pipeline.core.clean import clean
from pipeline.core.prompts import FORMS, Wording
from pipeline.errors import BadAnswer, EchoedAnswer, EmptyAnswer, LoopedAnswer
from pipeline.text.extract import extract
from pipeline.text.sentences import sentences

GOLDEN = Path(__file__).parents[1] / "golden"
SOURCES = {
    name: (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    for name in ("lighthouse", "meeting", "compost")
}
LIGHTHOUSE = SOURCES["lighthouse"]
ANSWERS = [
    json.loads(line)
    for line in (GOLDEN / "model_outputs.jsonl").read_text(encoding="utf-8").splitlines()
]
# Special-token text and thinking traces are not among them: this model writes none.
RULES = {
    "untouched",
    "preamble",
    "label",
    "instruction",
    "loop",
    "looped",
    "length",
    "copied",
    "empty",
}

GOOD = (
    "Marta keeps the light at Harrow Point with her brother Jonas. A machine is to take their "
    "place, but it has no bell, and in the first fog a steamer comes inside the reef."
)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: f"{a['rule']}-{a['id']}")
@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
def test_real_answers(answer, again) -> None:
    if "error" in answer:
        with pytest.raises(getattr(errors, answer["error"])):
            clean(answer["output"], finish=answer["finish"])
    elif again:
        assert clean(answer["expected"], finish="stop") == answer["expected"]
    else:
        text = clean(answer["output"], finish=answer["finish"])
        assert text == answer["expected"]


def test_every_rule_has_real_answers() -> None:
    assert {answer["rule"] for answer in ANSWERS} == RULES


@pytest.mark.parametrize(
    "answer",
    [
        "Sure, here is a summary:\n\n{}",
        "Sure! Here's a concise summary of the text:\n{}",
        "Sure thing! Here is a one-paragraph summary of the story:\n\n```\n{}\n```",
        "Certainly. Here is a brief overview of the story: {}",
        "Of course! {}",
        "Okay, here's the summary of the text you provided:\n{}",
        "Based on the text above, here is a summary: {}",
        "Here is a summary of the text in one paragraph.\n\n{}",
        "Summarize the text above in one paragraph. {}",
        "The summary of the text above is as follows:\n\n{}",
        "**Summary:** {}",
        "## Summary\n\n{}",
        "TL;DR: {}",
        "Text:\n\n{}",
        '"{}"',
        "“{}”",
        '"""\n{}\n"""',
        "**{}**",
        "```text\n{}\n```",
        "<think>Who is Marta?\n\nA keeper.</think>\n\n{}",
        "Who is Marta? A keeper.\n</think>\n\n{}",
        "{}</s>",
        "<|im_start|>assistant\n{}<|im_end|>",
        "{}\n</s>\n<|user|>\nNow write a poem about it.",
        " \n{}\n ",
    ],
)
def test_what_is_around_a_summary_goes(answer) -> None:
    assert clean(answer.format(GOOD), finish="stop") == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "Sure, the plan may fail, but the council supports it.",
        "Certainly, the fog came back. Nobody rang.",
        "Here is where the story turns: Marta rings the bell.",
        "This is a story of loss: of a light, a bell, and a home.",
        "The text is about a lighthouse: it has two keepers.",
        "The article summarizes the findings: heat kills seeds.",
        "In summary, the roof leaks.",
        '"Go," she said. "Now."',
        "The tags <s> and </s> mark a sentence, and <think> opens a thought.",
        "- The roof leaks.\n- The bus stays.\n- The fair is in June.",
        "The bus costs 84,000, the roof costs 22,000, and a new roof costs 61,000.",
        "No, no, no, said the chair, and no again.",
        "Nothing stops this sentence from having no end",
        "灯塔的看守人是玛尔塔。新的机器没有钟。",
    ],
)
def test_content_stays(text) -> None:
    assert clean(text, finish="stop") == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The roof leaks. The books are mo", "The roof leaks."),
        ("The roof leaks. It was seen by Mr.", "The roof leaks."),
        ('She said: "The roof leaks." He', 'She said: "The roof leaks."'),
        ("The roof leaks. The buses", "The roof leaks."),
        ("These were decided:\n\n- the roof\n- the bu", "These were decided:\n\n- the roof"),
        ("The roof leaks. These were decided:\n\n1. The bu", "The roof leaks."),
        ("The roof leaks.\n\n## The bus\n\nThe offer", "The roof leaks."),
        ("屋顶漏水。书已经搬走了。公共汽", "屋顶漏水。书已经搬走了。"),
        ("The council decided to move the bo", "The council decided to move the…"),
        ("The council decided to wait, b", "The council decided to wait…"),
        ("屋顶漏水而且书已经", "屋顶漏水而且书已…"),
    ],
)
def test_what_ran_out_of_room_ends_with_a_whole_sentence(text, kept) -> None:
    assert clean(text, finish="length") == kept
    assert clean(kept, finish="stop") == kept


@pytest.mark.parametrize("finish", ["stop", "length"])
@pytest.mark.parametrize(
    "loop",
    [
        " They rang the bell until noon." * 3,
        " The fog came and the engine stopped and turned away." * 2,
        " The bell rang, and the bell rang, and the bell rang, and the bell rang.",
        " They rang the bell again. Jonas was glad. They rang the bell again. Marta counted."
        " They rang the bell again.",
        " No" + " no" * 40,
    ],
)
def test_a_loop_is_cut_where_it_begins_to_repeat(loop, finish) -> None:
    text = clean(GOOD + loop, finish=finish)
    once = loop.strip().partition(".")[0] + "."
    assert text in {GOOD, f"{GOOD} {once}", f"{GOOD} {once} Jonas was glad."}


def test_a_list_of_the_same_item_is_a_loop() -> None:
    items = "".join(f"\n{i}. The council spoke about the roof." for i in range(1, 9))
    text = clean(GOOD + items, finish="stop")
    assert text == GOOD + "\n1. The council spoke about the roof."


@pytest.mark.parametrize("text", ["no " * 50, "The bell rang in the fog. " * 9, "雾来了。" * 30])
def test_nothing_but_a_loop(text) -> None:
    with pytest.raises(LoopedAnswer):
        clean(text, finish="length")


@pytest.mark.parametrize(
    "text", ["", " \n", "</s>", "...", "<think>Who is Marta?", "Here is a summary:", "```\n```"]
)
def test_nothing(text) -> None:
    with pytest.raises(EmptyAnswer):
        clean(text, finish="stop")


def passage(words: int) -> str:
    return " ".join(LIGHTHOUSE.split()[:words])


@pytest.mark.parametrize(
    "text",
    [
        "Summarize the text above in one paragraph.",
        "Write a one-paragraph summary of the text",
    ],
)
def test_an_echo_is_rejected(text) -> None:
    with pytest.raises(EchoedAnswer):
        clean(text, finish="stop")


@pytest.mark.parametrize("query", [None, "Who rings the bell?"])
@pytest.mark.parametrize("form", FORMS)
def test_our_own_prompts_are_known(form, query) -> None:
    wording = Wording(form, query)
    for prompt in (wording.partial(""), wording.final("", 80)):
        closing = prompt.user.split("\n")[-1]
        for echo in (closing, f"{prompt.system}\n\n{closing}"):
            assert clean(f"{echo}\n\n{GOOD}", finish="stop") == GOOD
            with pytest.raises(EchoedAnswer):
                clean(echo, finish="stop")


@pytest.mark.parametrize(
    "text",
    [passage(60), passage(200), extract(LIGHTHOUSE, lambda text: len(text.split()), 120)],
    ids=["a passage", "a long passage", "sentences from all over the source"],
)
def test_sentences_of_the_source_may_make_a_summary(text) -> None:
    """A stand-in would be made of them too, so asking again would gain nothing."""
    assert clean(text.rstrip(",") + ".", finish="stop") == text.rstrip(",") + "."


OWN_SENTENCES = [
    " ".join(text[start:end].split())
    for text in SOURCES.values()
    for start, end in sentences(text)
    if text[end - 1] == "."
]
good_texts = st.lists(st.sampled_from(OWN_SENTENCES), min_size=1, max_size=9, unique=True)
WRAPPING = ["Sure! ", "Here is a summary:\n", "Summary: ", '"', "**", "```\n", "Write a summary. "]
TAGS = ["</s>", "<think>", "</think>\n", "<|im_end|>", "<|im_start|>assistant\n"]
SCRAPS = ["\n", "1. ", "# Head\n", "No", "…", " ", "雾来了。", "and so", ": "]
pieces = st.one_of(
    st.sampled_from(OWN_SENTENCES[:8]),
    st.sampled_from(WRAPPING + TAGS + SCRAPS),
    st.text(max_size=8),
)


@given(text=good_texts.map(" ".join), finish=st.sampled_from(["stop", "length"]))
def test_good_text_passes_unchanged(text, finish) -> None:
    assert clean(text, finish=finish) == text


@given(text=st.lists(pieces, max_size=14).map("".join), finish=st.sampled_from(["stop", "length"]))
def test_what_is_clean_is_never_longer_and_stays_as_it_is(text, finish) -> None:
    try:
        once = clean(text, finish=finish)
    except BadAnswer:
        return
    assert once.strip() == once != ""
    assert len(once) <= len(text)
    assert clean(once, finish="stop") == once


@pytest.mark.parametrize(
    "piece", ["a ", "x. ", "\n", '"', "*", "<think>", "</s>", "\n</think>", "Sure! ", "here is a "]
)
def test_is_fast_whatever_the_model_writes(piece) -> None:
    started = time.perf_counter()
    with contextlib.suppress(BadAnswer):
        clean(piece * 5_000, finish="length")
    assert time.perf_counter() - started < 5  # seconds; each takes a few hundredths
