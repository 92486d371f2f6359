"""Planning: what fits, what is refused, which prompts there will be (`pipeline.core.budget`,
`pipeline.core.summarizer`).
"""

import pytest
from scripted_runs import (
    prose,
    run,
    summarizer,
)

from pipeline.core.events import Summarized
from pipeline.documents.document import Document
from pipeline.errors import (
    BudgetError,
    InputError,
)
from pipeline.testing import echo


def test_a_text_that_fits_goes_to_the_final_prompt_directly():
    one = summarizer()
    result = run(one, prose(100))
    assert [call.user.count("in about 50 words") for call in one.model.calls] == [1]
    assert (result.map_calls, result.merge_calls, result.plan.levels) == (1, 0, 1)


def test_ten_words_too_many_make_two_even_chunks():
    one = summarizer()
    fits = one.budget().final_source
    plan = one.plan(Document(prose(fits + 10)))
    sizes = [chunk.tokens for chunk in plan.chunks]
    assert len(sizes) == 2
    assert max(sizes) < 0.65 * fits


def test_every_prompt_fits_the_context():
    one = summarizer(echo)  # answers as long as they may be
    run(one, prose(3000))
    room = one.model.context - 1
    for call in one.model.calls:
        assert one.model.count(call.system, call.user) + call.max_tokens <= room


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_a_blank_text_is_refused(text):
    with pytest.raises(InputError, match="holds no text"):
        summarizer().plan(Document(text))


def test_a_budget_that_cannot_work_names_the_number_to_change():
    with pytest.raises(BudgetError, match=r"set context to 5\d\d or more") as met:
        summarizer(context=300, summary_tokens=120).plan(Document(prose(2000)))
    assert met.value.most_words is None  # no length would do
    with pytest.raises(BudgetError, match="lower --words") as met:
        summarizer(context=400, words=200).plan(Document(prose(2000)))
    most = met.value.most_words
    summarizer(context=400, words=most).budget()
    with pytest.raises(BudgetError):
        summarizer(context=400, words=most + 1).budget()


@pytest.mark.parametrize("setting", ["words", "chunk_tokens", "summary_tokens"])
def test_numbers_below_one_are_refused(setting):
    with pytest.raises(InputError, match=rf"{setting} must be \d+ or more"):
        summarizer(**{setting: 0}).plan(Document("Some text."))


def test_a_chunk_bound_is_kept():
    plan = summarizer(chunk_tokens=80).plan(Document(prose(200)))
    assert len(plan.chunks) >= 3
    assert max(chunk.tokens for chunk in plan.chunks) <= 80


def test_blank_chunks_are_no_calls():
    blank = " " * 12000
    text = blank.join(prose(300, seed) for seed in range(3))

    def characters(text):
        return len(text)

    one = summarizer(context=4000, summary_tokens=600)
    one.model.count_text = characters
    events = []
    result = run(one, text, events.append)
    assert any(not chunk.text.strip() for chunk in result.plan.chunks)
    assert len(one.model.calls) == result.plan.calls
    assert (result.retry_calls, result.verified) == (0, result.plan.calls)
    assert [e.done for e in events if isinstance(e, Summarized)][-1] == result.plan.calls


def test_a_query_is_in_every_prompt():
    one = summarizer(query="Who lit the lamp?")
    run(one, prose(1000))
    assert all("Who lit the lamp?" in call.user for call in one.model.calls)
