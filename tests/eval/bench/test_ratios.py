"""The texts and the lower bound of the benchmarks, on examples worked by hand."""

import random

import pytest
from click.testing import CliRunner

from eval.bench import ratios


def test_no_schedule_beats_the_bound():
    """Four leaves of 2 s and a merge of 3 s: on 4 slots the path counts, on 1 the sum."""
    leaves = [{"id": i, "service_s": 2.0} for i in range(4)]
    journal = [*leaves, {"id": 4, "service_s": 3.0, "children": [0, 1, 2, 3]}]
    assert ratios.lower_bound(journal, slots=4) == 5.0
    assert ratios.lower_bound(journal, slots=1) == 11.0


def test_a_text_is_as_long_as_it_is_to_be_and_the_same_each_time():
    text = ratios.prose(2000, ratios.SOURCE)
    assert 2000 <= len(text.split()) < 2500
    assert text == ratios.prose(2000, ratios.SOURCE)


@pytest.mark.parametrize(("number", "paragraphs"), [(0, 11), (3, 9), (6, 10)])
def test_an_edit_inserts_deletes_or_replaces_a_paragraph(number, paragraphs):
    text = "\n\n".join(f"Paragraph {i}." for i in range(10))
    edited = ratios._edited(text, random.Random(1), number)
    assert len(edited.split("\n\n")) == paragraphs


def test_its_help_is_there():
    result = CliRunner().invoke(ratios.main, ["--help"])
    assert "Measure chunking, the makespan" in result.output
