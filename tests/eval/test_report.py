"""The page of results: one file, without scripts, and nothing of a text becomes markup."""

from dataclasses import replace

from eval import report


def test_the_page_is_one_file_without_scripts_and_hides_nothing(boards):
    made, runs, data = boards
    page = report.html(made, runs, data, 0)
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    for run in runs:
        for output in run.outputs:
            assert output.summary[:40].replace("'", "&#39;") in page
    assert made[0].signature in page
    assert page.count("<svg") == 2  # length and time; baselines read no tokens


def test_texts_cannot_become_markup(boards):
    made, runs, data = boards
    evil = "<img src=x onerror=alert(1)>"
    outputs = tuple(replace(output, summary=evil) for output in runs[0].outputs)
    page = report.html(made, [replace(runs[0], outputs=outputs), *runs[1:]], data, 0)
    assert evil not in page
    assert "&lt;img src=x" in page
