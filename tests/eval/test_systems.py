"""What a system answers about a document: summary, tree and calls, or why it failed."""

import json
from dataclasses import replace

from eval.systems import Ours
from pipeline.core.events import ignore
from pipeline.core.summarizer import Summarizer
from pipeline.testing import ScriptedModel, first_words


async def summarize(item, answer=None, **settings):
    summarizer = Summarizer(ScriptedModel(answer or first_words(20)), **settings)
    return await Ours(summarizer).summarize(item, 0, ignore)


def test_our_output_holds_the_tree(item):
    import asyncio

    output = asyncio.run(summarize(item, chunk_tokens=400))
    root, *partial = output.tree
    assert output.status == "done"
    assert output.calls["map"] == len([node for node in partial if node["level"] == 0]) == 5
    assert (root["start"], root["end"]) == (0, len(item.document))
    assert root["text"] == output.summary
    assert output.usage["prompt_tokens"] > 1800
    json.dumps(vars(output))


def test_our_query_is_asked(item):
    import asyncio

    seen = []
    output = asyncio.run(
        summarize(replace(item, query="Who is she?"), lambda call: seen.append(call.user) or "Yes.")
    )
    assert output.summary.startswith("Yes.")
    assert all("Who is she?" in user for user in seen)


def test_what_fails_is_an_output(item):
    import asyncio

    output = asyncio.run(summarize(replace(item, document=" ")))
    assert output.status == "failed"
    assert "holds no text" in output.error
