import random
import re
import statistics
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sample_texts import SENTENCE_END, long_texts, prose, words

from pipeline.core.chunk import MIN_CHUNK_TOKENS, split
from pipeline.core.content_defined import group_stable, split_stable
from pipeline.core.plan import Node, even_tree
from pipeline.core.steps import Ask
from pipeline.documents.document import Document, Mark
from pipeline.errors import InputError
from pipeline.tree import Chunk

# What a call takes besides its source, in tokens: the prompt's frame, the answer, and the answer
# once more where it is merged.
CALL_TOKENS = 60 + 256 + 256


def check(text: str, count, max_tokens: int) -> list[Chunk]:
    """Split, and assert what every split must keep."""
    chunks = split_stable(Document(text), count, max_tokens)
    assert "".join(chunk.text for chunk in chunks) == text
    for chunk in chunks:
        assert chunk.text
        assert text[chunk.start : chunk.end] == chunk.text
        assert chunk.tokens == count(chunk.text) <= max_tokens
    return chunks


def tale(paragraphs: int, seed: int) -> list[str]:
    """Paragraphs of sentences that are all different."""
    rng = random.Random(seed)
    word = [f"{a}{b}" for a in ("ka", "lo", "mi", "tu", "sa") for b in ("ren", "va", "dor", "s")]

    def sentence() -> str:
        return " ".join(rng.choices(word, k=rng.randint(4, 30))).capitalize() + "."

    return [" ".join(sentence() for _ in range(rng.randint(1, 7))) for _ in range(paragraphs)]


def edited(paragraphs: list[str], kind: str, place: float, new: list[str]) -> list[str]:
    at = int(place * len(paragraphs))
    keep_from = at if kind == "insert" else at + 1
    return paragraphs[:at] + ([] if kind == "delete" else new) + paragraphs[keep_from:]


# Chunks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [words, len], ids=["words", "len"])
@settings(max_examples=80, deadline=None)
@given(text=long_texts, max_tokens=st.integers(MIN_CHUNK_TOKENS, 300))
@example(text="", max_tokens=20)
@example(text="\n" * 3000, max_tokens=20)
@example(text="a" * 5000, max_tokens=20)
@example(text="这是一个很长的句子，没有空格。" * 300, max_tokens=20)
@example(text=prose(40, between=" "), max_tokens=50)
def test_chunks_partition_the_text_within_the_budget(count, text, max_tokens):
    check(text, count, max_tokens)


def test_stable_chunks_end_before_headings_that_are_marked():
    parts = ["no heading by its looks\n\n" + "\n\n".join(tale(12, seed)) for seed in range(12)]
    text = "\n\n".join(parts)
    starts = {text.index(part) for part in parts}
    marks = tuple(Mark(start, "heading", "x") for start in sorted(starts))
    limit = max(words(part) for part in parts)

    def cut_at(document: Document) -> set[int]:
        return {chunk.start for chunk in split_stable(document, words, limit)} & starts

    assert len(cut_at(Document(text, marks=marks))) > len(cut_at(Document(text))) + 2


def test_pieces_that_take_more_together_than_apart_still_fit():
    def count(text: str) -> int:
        return words(text) + 30 * len(re.findall(r"! (?=\S)", text))

    check(" ".join(tale(60, seed=1)).replace(".", "!"), count, 400)


def test_no_long_text_is_counted_in_one_call():
    longest = 0

    def count(text: str) -> int:
        nonlocal longest
        longest = max(longest, len(text))
        return words(text) + text.count("\n")

    check("One. " + "\n" * 50_000 + "Two.", count, 200)
    assert longest < 5_000


def test_a_budget_for_less_than_a_character_is_refused():
    with pytest.raises(InputError, match="at least 8 tokens"):
        split_stable(Document("some text"), words, MIN_CHUNK_TOKENS - 1)


def test_chunks_end_with_sentences_and_rather_with_paragraphs():
    flat, text = " ".join(tale(300, seed=2)), "\n\n".join(tale(300, seed=2))
    assert all(SENTENCE_END.search(chunk.text) for chunk in check(flat, words, 500))
    chunks = check(text, words, 1500)
    assert sum(chunk.text.endswith("\n\n") for chunk in chunks[:-1]) >= 0.9 * len(chunks[:-1])


def test_rather_one_chunk_more_than_a_cut_inside_a_sentence():
    rng = random.Random(6)
    text = " ".join("So " + "word " * rng.randint(24, 38) + "ended." for _ in range(3000))
    assert all(SENTENCE_END.search(chunk.text) for chunk in check(text, words, 100))


def test_chunks_begin_at_headings():
    sections = [f"# {n}\n\n" + "\n\n".join(tale(12, seed=n)) + "\n\n" for n in range(20)]
    chunks = check("".join(sections), words, 1000)
    assert sum(chunk.text.startswith("# ") for chunk in chunks) >= 0.8 * len(sections)


# Edits --------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(["insert", "delete", "replace"]),
    place=st.floats(0, 1, exclude_max=True),
    between=st.sampled_from(["\n\n", "\n", " "]),
)
def test_chunks_away_from_an_edit_stay_as_they_are(seed, kind, place, between):
    max_tokens = 400
    before = tale(200, seed)
    after = edited(before, kind, place, tale(1, seed + 1))
    old = check(between.join(before), words, max_tokens)
    new = check(between.join(after), words, max_tokens)
    at = len(between.join(before[: int(place * len(before))]))
    reach = 12 * max(len(chunk.text) for chunk in old)
    kept = {chunk.text for chunk in new}
    for chunk in old:
        assert chunk.text in kept or (chunk.end > at - reach and chunk.start < at + reach)
    assert sum(chunk.text not in kept for chunk in old) <= 8


def test_how_the_text_is_set_does_not_move_boundaries():
    text = "\n\n".join(tale(200, seed=3))
    wide = text.replace(" ", "  ")
    ends = [" ".join(chunk.text.split()) for chunk in check(text, words, 400)]
    assert ends == [" ".join(chunk.text.split()) for chunk in check(wide, words, 400)]


def twenty_edits(paragraphs: list[str]) -> Iterator[list[str]]:
    rng = random.Random(20)
    for number in range(20):
        kind = ("insert", "delete", "replace")[number // 3 % 3]
        low, high = ((0, 0.05), (0.05, 0.95), (0.95, 1))[number % 3]
        yield edited(paragraphs, kind, rng.uniform(low, high - 1e-9), tale(1, 1000 + number))


def calls(node: Node, found: set[str]) -> str:
    """Collect what identifies each call of a run: a chunk's text, the answers that are merged."""
    if node.sources:
        key = str(hash(tuple(calls(source, found) for source in node.sources)))
    else:
        key = node.chunks[0].text
    found.add(key)
    return key


@pytest.mark.parametrize(("max_tokens", "fan_in"), [(1700, 6), (7800, 30)])
def test_an_edit_of_a_long_text_costs_few_calls(max_tokens, fan_in):
    @cache
    def count(text: str) -> int:
        return len(re.findall(r"\w{1,6}|[^\w\s]", text))

    def run(paragraphs: list[str], cut=split_stable, group=group_stable) -> tuple[Node, set[str]]:
        chunks = cut(Document("\n\n".join(paragraphs)), count, max_tokens)
        root, found = group(planned(chunks), Ask(), fan_in, fan_in), set[str]()
        calls(root, found)
        return root, found

    paragraphs = tale(1600, seed=4)
    assert 95_000 < words(" ".join(paragraphs)) < 120_000
    root, done = run(paragraphs)
    again = [len(run(version)[1] - done) for version in twenty_edits(paragraphs)]
    assert statistics.median(again) <= 6 + 2 * (root.level + 1)
    assert max(again) <= 0.08 * len(done)

    _, balanced = run(paragraphs, split, even_tree)
    total = count("\n\n".join(paragraphs))
    assert total + len(done) * CALL_TOKENS <= 1.25 * (total + len(balanced) * CALL_TOKENS)


# Groups -------------------------------------------------------------------------------------------


def leaves(number: int, seed: int = 0) -> list[Chunk]:
    texts = tale(number, seed)
    return [Chunk(text, n, n + 1, 1) for n, text in enumerate(texts)]


def planned(chunks: Sequence[Chunk]) -> list[Node]:
    return [Node(Ask(), (chunk,)) for chunk in chunks]


def levels(root: Node) -> list[list[Node]]:
    """The nodes of each level, from the root down; every level is whole."""
    found: list[list[Node]] = [[root]]
    while found[-1][0].sources:
        found.append([source for node in found[-1] for source in node.sources])
    return found


@settings(max_examples=100, deadline=None)
@given(
    number=st.integers(1, 400),
    fan_in=st.integers(3, 40),
    final_fan_in=st.integers(3, 40),
    same=st.booleans(),
)
@example(number=4, fan_in=6, final_fan_in=3, same=True)
@example(number=7, fan_in=6, final_fan_in=6, same=False)
def test_groups_keep_every_promise(number, fan_in, final_fan_in, same):
    chunks = leaves(1) * number if same else leaves(number)
    root = group_stable(planned(chunks), Ask(), fan_in, final_fan_in)
    tree = levels(root)
    assert tree[-1] == planned(chunks)
    assert all(len(upper) < len(lower) for upper, lower in pairwise(tree))
    for height, level in enumerate(reversed(tree)):
        for node in level:
            if node.sources:
                assert node.level == height
                most = final_fan_in if node is root else fan_in
                assert 2 <= len(node.sources) <= most


def test_groups_away_from_an_edit_stay_as_they_are():
    chunks = leaves(300)
    new = Chunk("Something else. It is new.", 0, 1, 1)
    before, after = set[str](), set[str]()
    calls(group_stable(planned(chunks), Ask(), 6, 6), before)
    edited = [*chunks[:100], new, *chunks[101:]]
    calls(group_stable(planned(edited), Ask(), 6, 6), after)
    assert len(after - before) <= 9
