import string
from itertools import pairwise

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tiny_vocabulary import CONTROL, NORMAL, SPACE, USER_DEFINED, byte_level, sentencepiece

from pipeline.tokens.tokenizer import Tokenizer
from pipeline.tokens.vocabulary import UnknownVocabulary, Vocabulary, vocabulary_from_metadata


def tokenizer(info: dict[str, object]) -> Tokenizer:
    return Tokenizer(vocabulary_from_metadata(info))


# SentencePiece ------------------------------------------------------------------------------------


def merged_slowly(text: str, pieces: list[str], characters: str) -> int:
    """Count by the definition: of all neighbours, always join the best, the leftmost first."""
    symbols = list(text.replace(" ", SPACE))
    rank = {piece: n for n, piece in enumerate(pieces)}
    while True:
        pairs = [(rank.get(a + b), n) for n, (a, b) in enumerate(pairwise(symbols))]
        best = min((pair for pair in pairs if pair[0] is not None), default=None)
        if best is None:
            break
        symbols[best[1] : best[1] + 2] = [symbols[best[1]] + symbols[best[1] + 1]]
    alone = {*characters, *pieces, SPACE}
    return sum(1 if symbol in alone else len(symbol.encode()) for symbol in symbols)


PIECES = st.lists(st.text(f"{SPACE}ab漢é", min_size=2, max_size=5), max_size=20, unique=True)


@settings(max_examples=150, deadline=None)
@given(pieces=PIECES, text=st.text(" ▁abcé漢字😀", max_size=25))
@example(pieces=["ab", "bc", "abc"], text="abc abc")  # "abc" is never made: "ab" comes first
@example(pieces=["bc", "abc"], text="abc")
@example(pieces=["a▁b", "▁b"], text="a b a")
@example(pieces=["▁▁", "▁▁▁▁"], text="     x   ")
def test_sentencepiece_merges_the_best_pair_first(pieces, text):
    characters = "abcé漢"
    ours = tokenizer(sentencepiece(characters, pieces)).count_text(text)
    assert ours == merged_slowly(text, pieces, characters)


def test_runs_of_one_character_may_have_equal_scores():
    runs = [SPACE * n for n in range(2, 17)]
    info = sentencepiece("x", runs)
    scores = info["tokenizer.ggml.scores"]
    info["tokenizer.ggml.scores"] = [*scores[: -len(runs)], *[-1e9] * len(runs)]
    count = tokenizer(info).count_text
    assert [count(" " * n) for n in (1, 5, 16, 17, 31, 33)] == [1, 1, 1, 2, 2, 3]


def test_flat_scores_are_refused():
    info = sentencepiece("abc", ["ab", "bc"])
    info["tokenizer.ggml.scores"] = [0.0] * len(info["tokenizer.ggml.tokens"])
    with pytest.raises(UnknownVocabulary, match="equal scores"):
        vocabulary_from_metadata(info)


def test_a_space_is_put_before_the_prompt_and_after_special_tokens():
    count = tokenizer(sentencepiece("x", [SPACE + "x"], add_bos_token=False)).count_prompt
    assert count("x") == 1  # ▁x
    assert count("</s>x") == 2
    assert count("</s> x") == 3  # ▁ ▁x
    without = sentencepiece("xy", [SPACE + "x"], add_bos_token=False, add_space_prefix=False)
    assert tokenizer(without).count_prompt("</s> x") == 2


def test_phi_3_drops_white_space_after_its_special_tokens():
    specials = {"<|user|>": CONTROL, "<|placeholder1|>": CONTROL, "<|endoftext|>": CONTROL}
    info = sentencepiece("x", (), specials, add_bos_token=False)
    prompt = "<|user|>\n \tx<|endoftext|>\nx"
    counts = {
        name: tokenizer(info | {"general.name": name}).count_prompt(prompt)
        for name in ("Phi3", "Phi 3.5 mini")
    }
    assert counts == {"Phi3": 7, "Phi 3.5 mini": 10}
    with pytest.raises(UnknownVocabulary, match="Phi-3"):
        vocabulary_from_metadata(info)


# Byte level ---------------------------------------------------------------------------------------


def test_bytes_without_a_token_are_dropped_as_llama_cpp_does():
    assert tokenizer(byte_level()).count_text("a\x04b\x04") == 4
    assert tokenizer(byte_level(absent=[0x04, 0xC0])).count_text("a\x04b\x04") == 2


@pytest.mark.parametrize(
    ("pre", "text", "pieces"),
    [  # every piece becomes one token here, so the count says where the text was cut
        (
            "gpt-2",
            "we'll go 1234  !!\n\n x",
            ["we", "'ll", " go", " 1234", " ", " !!", "\n\n", " x"],
        ),
        ("smollm", "we'll 12  3", ["we", "'ll", " ", "1", "2", "  ", "3"]),
        ("qwen2", "WE'LL 12\n\n\tx", ["WE", "'LL", " ", "1", "2", "\n\n", "\tx"]),
        ("llama-bpe", "(1234567)\n", ["(", "123", "456", "7", ")\n"]),
        ("tekken", "HTMLParser's", ["HTMLParser", "'s"]),
        ("gpt-4o", "parseHTMLNow's", ["parse", "HTMLNow's"]),
        ("qwen35", "e\u0301x", ["e\u0301x"]),
    ],
)
def test_the_pre_tokenizer_cuts_the_text(pre, text, pieces):
    assert "".join(pieces) == text
    info = byte_level(merges_to(pieces), pre=pre, add_bos_token=False)
    assert tokenizer(info).count_text(text) == len(pieces)


def merges_to(pieces: list[str]) -> list[str]:
    """Merges that join each piece from its left, one byte after the other."""
    letters = {merged: n for n, merged in enumerate(byte_level()["tokenizer.ggml.tokens"])}
    order = [*range(33, 127), *range(161, 173), *range(174, 256)]
    order += [byte for byte in range(256) if byte not in order]
    letter = dict(zip(order, letters, strict=False))
    merges = []
    for piece in pieces:
        spelled = [letter[byte] for byte in piece.encode()]
        merges += [f"{''.join(spelled[:n])} {spelled[n]}" for n in range(1, len(spelled))]
    return list(dict.fromkeys(merges))


def test_llama_3_takes_a_piece_whole_that_merging_would_not_make():
    word = {"abc": NORMAL}
    assert tokenizer(byte_level(["b c"], word, pre="llama-bpe")).count_text("abc") == 1
    assert tokenizer(byte_level(["b c"], word, pre="qwen2")).count_text("abc") == 2


# Special tokens -----------------------------------------------------------------------------------

SPECIALS = {"<|a|>": CONTROL, "<table>": USER_DEFINED}


def test_what_is_added_around_a_prompt():
    def added(**more: object) -> int:
        return tokenizer(byte_level(**more)).count_prompt("")

    assert added() == 0
    assert added(pre="llama-bpe") == 1
    assert added(pre="llama-bpe", add_bos_token=False) == 0
    assert added(add_bos_token=True, add_eos_token=True) == 2
    assert tokenizer(sentencepiece()).count_prompt("") == 1
    assert tokenizer(sentencepiece(add_bos_token=False)).count_prompt("") == 0


def test_control_tokens_are_special_in_prompts_only():
    counter = tokenizer(byte_level(specials=SPECIALS))
    assert counter.count_prompt("<|a|><table>") == 2
    assert counter.count_text("<table>") == 1
    assert counter.count_text("<|a|>") == len("‹|a|>".encode())


def test_atomic_tokens_are_cut_out_of_texts():
    counter = tokenizer(byte_level(specials={"\n\n\n": USER_DEFINED}))
    assert counter.count_text("a\n\n\n\n\n\n\nb") == 5


def test_the_longest_special_token_is_found_first():
    specials = {"  ": USER_DEFINED, "   ": USER_DEFINED, "xy": USER_DEFINED, "y   ": USER_DEFINED}
    counter = tokenizer(byte_level(specials=specials))
    assert counter.count_text("ab" + " " * 7) == 5  # a, b, 3 spaces, 3 spaces, 1 space
    assert counter.count_text("xy   ") == 2  # x and "y   ", not xy


def test_a_known_end_of_turn_is_control_whatever_its_type():
    vocabulary = vocabulary_from_metadata(byte_level(specials={"<|im_end|>": NORMAL}))
    assert vocabulary.control == ("<|im_end|>",)


# What is refused ----------------------------------------------------------------------------------


def broken(info: dict[str, object], **changes: object) -> dict[str, object]:
    return info | {f"tokenizer.ggml.{key}": value for key, value in changes.items()}


@pytest.mark.parametrize(
    "info",
    [
        {},
        broken(byte_level(), model="bert"),
        byte_level(pre="unheard-of"),
        broken(byte_level(), tokens=None),  # what /api/show answers when not asked verbosely
        broken(byte_level(), tokens=["a", "b"]),
        broken(byte_level(), token_type=[]),
        broken(byte_level(), merges=["a b"]),  # makes "ab", which is no token
        broken(sentencepiece("ab", ["ab"]), scores=None),
        sentencepiece("", ["é漢"]),  # its characters are no tokens
        broken(byte_level(), tokens=["a", "a"], token_type=[1, 1]),
        {**broken(sentencepiece(), tokens=["a"], token_type=[1]), "tokenizer.ggml.scores": [0.0]},
        byte_level(specials={"ab>": USER_DEFINED, ">cd": USER_DEFINED}),
    ],
)
def test_refuses_what_cannot_be_counted_exactly(info):
    with pytest.raises(UnknownVocabulary):
        vocabulary_from_metadata(info)


# The form it is kept in ---------------------------------------------------------------------------


@given(piece=st.text(string.ascii_lowercase + "é漢", min_size=2, max_size=4))
@settings(max_examples=20, deadline=None)
def test_what_is_kept_is_read_back(piece):
    assume(len(set(piece)) > 1)
    for info in (sentencepiece(piece, [piece]), byte_level(["a b"], SPECIALS, absent=[0xF1])):
        vocabulary = vocabulary_from_metadata(info)
        assert Vocabulary.from_json(vocabulary.to_json()) == vocabulary


@pytest.mark.parametrize("text", ["", "{}", '{"pattern": "x"}', "[]", "3", "null"])
def test_another_text_is_no_vocabulary(text):
    with pytest.raises(ValueError, match=r"Expecting value|not a vocabulary"):
        Vocabulary.from_json(text)
