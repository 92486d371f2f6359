"""Summaries that are made of passages: who tells them, what is shown, what is counted.

Whole runs, which hold `pipeline.core.by_passages` and `pipeline.core.passage_steps` too.
"""

import asyncio

import pytest
from short_story import STORY

from pipeline.cache.sqlite import SqliteStore
from pipeline.core.summarizer import Summarizer
from pipeline.core.tell import put_together, told_of, topic_of
from pipeline.documents.document import Document
from pipeline.errors import EmptyAnswer
from pipeline.passages.passage import Passage
from pipeline.testing import ScriptedModel
from pipeline.text.sentences import split_sentences

SAID = "Marketing said that people would pay twenty euros for a remote control with a display."
MEETING = "\n".join(
    [
        "Project Manager: Good morning everybody, the aim of this meeting is to decide on the new "
        "remote control.",
        "Marketing: We found that most people would pay twenty euros for a remote control with a "
        "display.",
        "Industrial Designer: I think we should use a rubber case, because it does not break.",
        "User Interface: Yeah.",
        "Project Manager: We decided that the remote control will have four buttons and a display.",
        "Marketing: The users want to find the remote control when they have lost it.",
        "Industrial Designer: The battery should last for two years at a cost of three euros.",
        "User Interface: I suggest that we put the four buttons on the left side of the case.",
        "Project Manager: The production cost must stay under twelve euros for each of them.",
        "Marketing: In the survey seventy percent of the people said that they use ten buttons.",
        "Industrial Designer: The solar cells are too expensive, so we should leave them out.",
        "User Interface: The display needs a light, because people watch films in the dark.",
        "Project Manager: In the next meeting we will look at the prototype of the designers.",
    ]
)
REPORT = "\n\n".join(
    f"The Agency for Water found in {1990 + n} that {n + 11} percent of the rivers of Ashford were "
    f"cleaner than in the decade before. Congress granted the Agency {n + 2} million dollars for "
    f"the {name}. The Department of Trade recommended a tax on the {name} of {n + 3} percent."
    for n, name in enumerate(["dams", "ports", "bridges", "canals", "locks", "mills", "sluices"])
)


def passage(text=SAID, who="Marketing", kind="meeting"):
    return Passage(text, 0, len(text), who, kind)


def run(answer, text, **options):
    model = ScriptedModel(answer, context=600, parameters=options.pop("parameters", None))
    one = Summarizer(model, **{"words": 60, "merge": "passages", "chunk_tokens": 120, **options})
    return one, asyncio.run(one.summarize(Document(text)))


def rewritten(call):
    """Answer with the passage itself, as a model does that polishes nothing."""
    if "about?" in call.user:
        return "The meeting was about the new remote control."
    if "discussed" in call.user:
        last = "They discussed the prototype of the designers."
        return last if "prototype" in call.user else "They discussed the new remote control."
    return call.user.split("\n\nRewrite")[0]


def test_a_sentence_that_holds_is_told_and_another_is_not():
    good = "Marketing said that people would pay twenty euros for one with a display."
    bad = "The Project Manager decided that people would pay thirty euros."
    assert told_of(passage(), good) == good
    assert told_of(passage(), bad) == SAID
    assert told_of(passage(), bad, keep=True) == bad
    assert told_of(passage(), "") == SAID


def test_only_the_first_sentence_of_an_answer_is_told():
    good = "Marketing said that people would pay twenty euros for one with a display."
    assert told_of(passage(), f"{good} They all agreed.") == good


def test_a_speaker_who_goes_on_is_named_once_more_as_also():
    told = [
        "Ann said that it rained.",
        "Ann thought that it was late.",
        "",
        "Bob said that he ran.",
    ]
    assert put_together(told, "meeting") == (
        "Ann said that it rained. Ann also thought that it was late. Bob said that he ran."
    )
    assert put_together(
        ["Ann said that a.", "Ann also said that b.", "Ann said that c."], "meeting"
    ) == ("Ann said that a. Ann also said that b. Ann also said that c.")
    linked = ["Ann said that it rains.", "Ann suggested that they wait.", "Bob said that it snows."]
    assert split_sentences(put_together(linked, "meeting")) == [
        "Ann said that it rains.",
        "Ann also suggested that they wait.",
        "Bob said that it snows.",
    ]
    assert put_together([], "meeting") == ""
    topics = ["They discussed rain.", told[0], "They discussed snow.", told[1]]
    assert put_together(topics, "meeting") == (
        f"The group discussed rain. {told[0]} Then they discussed snow. {told[1]}"
    )
    assert put_together(told[:2], "story") == f"{told[0]}\n\n{told[1]}"


def test_a_meeting_is_told_passage_by_passage():
    one, result = run(rewritten, MEETING, words=90)
    plan = result.plan
    assert result.plan.named == "summary"
    assert len(one.model.calls) == plan.calls == result.map_calls + 1
    assert 1 < len(plan.chunks) < result.map_calls
    assert (result.merge_calls, result.retry_calls) == (1, 0)
    assert result.verified == plan.calls
    assert sum(call.max_tokens for call in one.model.calls) == plan.output_tokens
    assert result.prompt_tokens <= plan.prompt_tokens
    assert result.share == 1
    about, topic, *said = split_sentences(result.summary)
    assert about == "The meeting was about the new remote control."
    assert topic == "The group discussed the new remote control."
    assert "Then they discussed the prototype of the designers." in said
    assert " said that " in result.summary


def test_a_topic_that_a_part_does_not_hold_is_not_told():
    text = "Marketing: The remote control has four buttons. Ann: It costs three euros."
    good = "They discussed the buttons and the cost of the remote control."
    assert topic_of(text, good, 0.6) == good
    assert topic_of(text, "They discussed the elephants of Peru and their diet.", 0.6) == ""
    assert topic_of(text, "The remote control has four buttons.", 0.6) == ""
    assert topic_of(text, "", 0.6) == ""


def test_what_a_model_says_that_does_not_hold_is_not_shown():
    _, told = run(rewritten, MEETING)
    _, made_up = run(lambda call: "The Queen said that she sold the moon to Peru.", MEETING)
    assert "moon" not in made_up.summary
    assert made_up.summary in told.summary  # which nothing introduces
    _, kept = run(lambda call: "The Queen sold the moon to Peru.", MEETING, unsupported="keep")
    assert "moon" in kept.summary


def test_what_is_kept_unchecked_in_one_run_is_not_shown_by_another(tmp_path):
    store = SqliteStore(tmp_path / "store.db", warn=pytest.fail)
    wrong = "The Queen sold the moon to Peru."
    _, kept = run(lambda call: wrong, MEETING, store=store, unsupported="keep")
    _, marked = run(lambda call: wrong, MEETING, store=store, unsupported="mark")
    assert "moon" in kept.summary
    assert "moon" not in marked.summary
    store.close()


def test_every_prompt_fits_into_a_small_context():
    model = ScriptedModel(rewritten, context=260)
    one = Summarizer(model, words=20, merge="passages", summary_tokens=32)
    result = asyncio.run(one.summarize(Document(MEETING * 3)))
    assert result.stand_ins == ()
    assert len(model.calls) == result.plan.calls


def test_passages_aside_of_a_question_do_not_make_a_summary_of_nothing():
    for query in ("What do the solar cells cost?", "Who spoke of the prototype?"):
        _, result = run(rewritten, MEETING, strategy="extractive", query=query)
        assert result.summary


def test_a_text_that_fits_is_not_refused_for_its_parts():
    _, result = run(rewritten, MEETING, strategy="stuff", chunk_tokens=None)
    assert result.map_calls == 1


def test_a_failed_call_is_stood_in_for_and_named():
    def fail(call):
        raise EmptyAnswer("nothing came")

    one, result = run(fail, MEETING)
    assert len(result.stand_ins) == result.plan.calls
    assert "nothing came" in result.stand_ins[0].reason
    assert " said that " in result.summary
    assert one.finished(result.plan) == 0


def test_told_passages_are_cached(tmp_path):
    store = SqliteStore(tmp_path / "store.db", warn=pytest.fail)
    _, result = run(rewritten, MEETING, store=store)
    again, cached = run(rewritten, MEETING, store=store)
    assert again.finished(result.plan) == result.plan.calls
    assert not again.model.calls
    assert cached.cached_calls == result.plan.calls
    assert cached.summary == result.summary
    assert cached.anew == ()
    store.close()


def test_a_story_is_shown_in_its_own_words_and_introduced():
    about = "The story is about Marta Quill and the lamp on Gull Rock."
    one, result = run(lambda call: about, STORY)
    (call,) = one.model.calls
    assert call.user.startswith("From a story:")
    assert result.plan.named == "key passages"
    assert result.summary.startswith(f"{about}\n\n")
    assert result.calls["merge"] == 1
    for wrong in ("The story is about dragons in Peru.", "It is a good story.", "Marta"):
        _, other = run(lambda call, wrong=wrong: wrong, STORY)
        assert f"{about}\n\n{other.summary}" == result.summary


def test_a_report_is_shown_in_its_own_words_and_introduced():
    about = "The text is about the rivers of Ashford."
    for size in (None, 1_500_000_000):
        merge = "passages" if size is None else "auto"
        one, result = run(lambda call: about, REPORT, merge=merge, parameters=size)
        assert len(one.model.calls) == result.plan.calls == 1
        assert result.to_dict()["named"] == result.plan.named == "key passages"
        assert any("own words" in warning for warning in result.warnings) == (merge == "auto")
        first, *passages = result.summary.split("\n\n")
        assert first == about
        assert passages
        assert all(part in REPORT for part in passages)


@pytest.mark.parametrize("text", [MEETING, REPORT])
def test_a_model_too_small_to_be_believed_is_not_asked_and_the_user_is_told(text):
    one, result = run(rewritten, text, merge="auto", parameters=135_000_000)
    assert not one.model.calls
    assert result.plan.named == "key passages"
    assert any("too small" in warning for warning in result.warnings)
    for options in ({"strategy": "extractive"}, {"merge": "passages"}):
        _, asked_for = run(rewritten, text, parameters=135_000_000, **options)
        assert asked_for.warnings == ()


def test_a_model_of_middle_size_is_asked_for_passages_of_meetings():
    one, _ = run(rewritten, MEETING, merge="auto", parameters=1_500_000_000)
    assert any("Rewrite this" in call.user for call in one.model.calls)
    one, _ = run(rewritten, MEETING, merge="auto", parameters=7_000_000_000)
    assert not any("Rewrite this" in call.user for call in one.model.calls)


def test_who_names_a_form_of_prompts_has_the_model_asked_with_it():
    one, _ = run(rewritten, MEETING, merge="auto", parameters=1_500_000_000, prompt="events")
    assert all("who does or says what" in call.user for call in one.model.calls)


def test_a_text_in_another_language_is_summarized_as_ever():
    text = "Der Fluss trug das Boot am Abend über die Grenze in die alte Stadt. " * 40
    one, _ = run(rewritten, text, merge="auto", parameters=1_500_000_000)
    assert one.model.calls
    assert not any("Rewrite this" in call.user for call in one.model.calls)
