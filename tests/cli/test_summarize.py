"""The command line against a scripted server: what is printed where, and how it ends.

`pipeline.cli.footnotes` and `pipeline.cli.models` are tried here too.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from canary import listening
from ollama_server import ScriptedOllama, fails, hangs, says

from pipeline.cli import run

CORPUS = Path(__file__).parents[1] / "documents" / "corpus"
FORMATS = ("libreoffice.pdf", "pandoc.docx", "pandoc3.epub", "mkdocs-mkdocs.html", "calibre.txt")
SENTENCE = "The ferry left the harbour at dawn with {} sacks of mail on board. "
SHORT = SENTENCE.format("ten") * 3
# Where tests run in the background, SIGINT is ignored, and a child inherits that.
INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from pipeline.cli import main
main()
"""
LONG = "".join(SENTENCE.format(number) for number in range(100))


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A user's machine: an empty working folder and caches of its own."""
    for name in [name for name in os.environ if name.startswith("PY_LLAMA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PY_LLAMA_STORE", str(tmp_path / "cache" / "calls.sqlite3"))
    monkeypatch.setenv("PY_LLAMA_MODEL", "ollama:tiny")
    monkeypatch.setenv("PY_LLAMA_SUMMARY_TOKENS", "200")
    monkeypatch.setenv("PY_LLAMA_WORDS", "100")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.txt").write_text(SHORT)
    (tmp_path / "long.txt").write_text(LONG)


@pytest.fixture
def server(monkeypatch):
    with ScriptedOllama(says("The ferry carried mail.")) as scripted:
        monkeypatch.setenv("OLLAMA_HOST", scripted.url)
        yield scripted


def summaries(server):
    """Calls besides the one by which a vocabulary is confirmed."""
    return [
        request for request in server.chats if "ferry" in request.body["messages"][-1]["content"]
    ]


def one_line(text):
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text


def test_a_summary_goes_to_standard_output_and_nothing_else(server, capsys):
    assert run(["summarize", "short.txt"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "The ferry carried mail.\n"
    assert captured.err == ""


def test_several_files_have_headings(server, capsys):
    assert run(["summarize", "short.txt", "long.txt"]) == 0
    out = capsys.readouterr().out
    assert out.index("==> short.txt <==") < out.index("==> long.txt <==")


def test_json_is_the_contract(server, capsys):
    assert run(["summarize", "--json", "long.txt"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert next(iter(result)) == "summary"
    assert result["named"] == "summary"
    assert result["model"] == "ollama:tiny"
    assert result["model_digest"]
    assert result["input"] == {"name": "long.txt", "characters": len(LONG), "tokens": len(LONG)}
    assert result["chunks"] == result["calls"]["map"] > 1
    assert result["levels"] >= 2
    calls = result["calls"]
    assert calls["retry"] == calls["cached"] == 0
    assert result["read"] == {
        "exact": True,
        "verified": calls["map"] + calls["merge"],
        "stand_ins": [],
        "anew": [[0, len(LONG)]],
        "share": 1.0,
        "off_topic": [],
    }
    assert result["usage"]["prompt_tokens"] > len(LONG)
    assert len(summaries(server)) == calls["map"] + calls["merge"]
    assert set(result) == {
        "summary", "named", "model", "model_digest", "input", "chunks", "levels", "calls", "usage",
        "read", "language", "left_out", "warnings", "seconds",
    }  # fmt: skip


def test_an_unknown_language_is_refused(server, capsys):
    assert run(["summarize", "--language", "Klingon", "short.txt"]) == 2
    assert "--language: take one of Arabic (ar)" in capsys.readouterr().err
    assert server.chats == []


def test_the_language_that_is_asked_for_is_in_the_prompt(server, capsys):
    assert run(["summarize", "--language", "german", "--json", "short.txt"]) == 0
    assert json.loads(capsys.readouterr().out)["language"]["asked"] == "de"
    assert "words, in German." in summaries(server)[0].body["messages"][-1]["content"]


def test_a_second_run_makes_no_call(server, capsys):
    run(["summarize", "--json", "long.txt"])
    first, made = json.loads(capsys.readouterr().out), len(server.chats)
    assert run(["summarize", "--json", "long.txt"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert len(server.chats) == made
    assert second["calls"]["cached"] == made_calls(first)
    assert second["summary"] == first["summary"]


def made_calls(result):
    return result["calls"]["map"] + result["calls"]["merge"]


def test_no_cache_neither_reads_nor_writes(server, tmp_path, capsys):
    run(["summarize", "short.txt"])
    before = len(summaries(server))
    assert run(["summarize", "--no-cache", "short.txt"]) == 0
    assert len(summaries(server)) == before + 1
    (tmp_path / "cache" / "calls.sqlite3").unlink()
    assert run(["summarize", "--no-cache", "short.txt"]) == 0
    assert not (tmp_path / "cache" / "calls.sqlite3").exists()


def test_a_plan_calls_nothing_and_says_what_is_done(server, capsys):
    assert run(["summarize", "--plan", "long.txt"]) == 0
    out = capsys.readouterr().out
    assert server.chats == []
    assert re.search(r"this version needs (\d+) calls; 0 are cached", out)
    assert "not known before the first run" in out
    run(["summarize", "long.txt"])
    capsys.readouterr()
    assert run(["summarize", "--plan", "--json", "long.txt"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["calls"]["cached"] == plan["calls"]["map"] + plan["calls"]["merge"]
    assert plan["seconds"] == 0.0
    assert plan["tokens"] == len(LONG)
    assert plan["largest_chunk"] < 2048


@pytest.mark.parametrize(
    ("setting", "value", "calls"),
    [
        ("STRATEGY", "extractive", "0: 0 for chunks, 0 for merges"),
        ("STRATEGY", "refine", "5: 5 for chunks, 0 for merges"),
        ("MERGE", "extractive", "4: 4 for chunks, 0 for merges"),
        ("MERGE", "abstractive", "5: 4 for chunks, 1 for merges"),
    ],
)
def test_a_plan_counts_the_calls_of_every_way(server, capsys, monkeypatch, setting, value, calls):
    monkeypatch.setenv(f"PY_LLAMA_{setting}", value)
    assert run(["summarize", "--plan", "long.txt"]) == 0
    shown = capsys.readouterr().out
    assert calls in shown
    assert run(["summarize", "--plan", "--json", "long.txt"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert f"{plan['calls']['map']} for chunks, {plan['calls']['merge']} for merges" in shown
    assert (plan["seconds"] == 0.0) is (made_calls(plan) == 0)


def test_a_plan_for_a_query_on_which_the_text_holds_nothing(server, capsys):
    query = ["--query", "What did the submarine find?"]
    assert run(["summarize", "--plan", *query, "long.txt"]) == 0
    assert "this version needs 0 calls" in capsys.readouterr().out
    assert run(["summarize", *query, "long.txt"]) == 0
    assert server.chats == []


def test_a_plan_knows_the_time_from_an_earlier_run(server, capsys):
    run(["summarize", "short.txt"])
    capsys.readouterr()
    run(["summarize", "--plan", "long.txt"])
    assert re.search(r"about \d+ s, at the rate of the last run", capsys.readouterr().out)


def test_standard_input(server):
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "summarize"],
        input=SHORT.encode(),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.decode().strip() == "The ferry carried mail."
    assert done.stderr == b""


def test_stand_ins_are_named_and_have_their_own_exit_status(monkeypatch, capsys):
    with ScriptedOllama(fails(400, "no such thing")) as scripted:
        monkeypatch.setenv("OLLAMA_HOST", scripted.url)
        assert run(["summarize", "short.txt"]) == 3
    captured = capsys.readouterr()
    assert "The ferry left the harbour" in captured.out
    assert re.search(r"short.txt: its own sentences stand in for characters 0 to \d+", captured.err)


def test_sentences_that_are_left_out_are_counted_and_shown_to_who_asks(monkeypatch, capsys, caplog):
    invented = "Ramses paid 4,711 drachmas."
    with ScriptedOllama(says(f"The ferry carried mail. {invented}")) as scripted:
        monkeypatch.setenv("OLLAMA_HOST", scripted.url)
        with caplog.at_level("INFO", "pipeline"):
            assert run(["summarize", "short.txt"]) == 0
            captured = capsys.readouterr()
            assert captured.out == "The ferry carried mail.\n"
            assert "short.txt: left out 1 sentence that the model wrote, for" in captured.err
            assert invented not in captured.err
            place = f"characters 0 to {len(SHORT)}"
            shown = f"short.txt: left out of what it wrote on {place}: {invented}"
            assert shown in caplog.messages
            assert run(["summarize", "--quiet", "short.txt"]) == 0
        assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["summarize", "nothing.txt"], "nothing.txt does not exist"),
        (["summarize", "."], ". is a directory"),
        (["summarize", "blank.txt"], "blank.txt holds no text"),
        (["summarize", "cut.txt"], "cut.txt is not the utf-16 that its first bytes say"),
        (["summarize", "binary.txt"], "binary.txt is not a text file"),
        (["summarize", "--words", "0", "short.txt"], "0 is not in the range x>=1"),
        (["summarize", "--words", "-5", "short.txt"], "-5 is not in the range x>=1"),
        (["summarize", "--words", "many", "short.txt"], "'many' is not a valid integer"),
        (["summarize", "--context", "100", "short.txt"], "a context of"),
        (["summarize", "--summary-tokens", "2000", "short.txt"], "lower summary_tokens"),
        (["summarize", "--words", "5000", "short.txt"], "lower --words"),
        (["summarize", "--query", " ", "short.txt"], "--query is blank"),
        (["summarize", "--model", "gpt", "short.txt"], "there is no model 'gpt'"),
        (["summarize", "--no-such-flag"], "No such option"),
        (["sumarize"], "No such command"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_sent(arguments, message, server, tmp_path, capsys):
    (tmp_path / "blank.txt").write_text(" \n ")
    (tmp_path / "cut.txt").write_bytes("Grüße aus Köln".encode("utf-16")[:-1])
    (tmp_path / "binary.txt").write_bytes(bytes(range(32)) * 40)
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert message in one_line(captured.err)
    assert captured.out == ""
    assert server.chats == []


def test_one_bad_file_among_several_sends_nothing(server, capsys):
    assert run(["summarize", "short.txt", "nothing.txt"]) == 2
    assert server.chats == []


def test_a_server_that_is_down(monkeypatch, capsys):
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    assert run(["summarize", "short.txt"]) == 4
    assert "ollama serve" in one_line(capsys.readouterr().err)


def test_a_model_that_is_missing(server, capsys):
    assert run(["summarize", "--model", "ollama:nobody", "short.txt"]) == 4
    assert "ollama pull nobody" in one_line(capsys.readouterr().err)


def test_help_is_quick_and_names_every_command(capsys):
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "pipeline", "--help"], check=True, capture_output=True)
    assert time.monotonic() - started < 5  # the 200 ms of the README are measured by make bench
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for command in ("summarize", "models", "cache", "config"):
        assert command in out
    for command in ("summarize", "batch", "serve"):
        assert run([command, "--help"]) == 0
        out = capsys.readouterr().out
        assert "Exit status: 0" in out
        assert "\\" not in out  # marks for whoever lays out the text


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_control_c_stops_the_calls_and_says_that_nothing_is_lost(monkeypatch):
    with ScriptedOllama([says(), says(), hangs()]) as scripted:
        environment = {**os.environ, "OLLAMA_HOST": scripted.url, "COLUMNS": "80"}
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, "summarize", "long.txt"],
            stderr=subprocess.PIPE,
            env={**environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        deadline = time.monotonic() + 30
        while len(scripted.chats) < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        waiting = [request for request in scripted.chats[2:] if request.left is None]
    assert process.returncode == 130
    assert "finished calls are cached" in err.decode()
    assert "Traceback" not in err.decode()
    assert waiting == []


def test_models_lists_what_is_there_and_how_to_get_the_rest(server, capsys):
    assert run(["models"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"ollama:tiny\S*\s+2,048\s+1 MB", out)
    assert "ollama pull tinyllama" in out


def test_auto_says_what_it_took_and_why(server, capsys):
    pytest.importorskip("xllamacpp")
    assert run(["summarize", "--model", "auto", "--plan", "short.txt"]) == 0
    assert re.search(r"took the embedded model, because .*tinyllama", capsys.readouterr().err)


def test_an_edited_text_needs_few_new_calls(server, tmp_path, capsys):
    paragraphs = [SENTENCE.format(number) * 6 for number in range(40)]
    text = tmp_path / "book.txt"
    text.write_text("\n\n".join(paragraphs))
    assert run(["summarize", "--stable", "book.txt"]) == 0
    text.write_text("\n\n".join(["A new beginning, before the ferry left.", *paragraphs]))
    capsys.readouterr()
    run(["summarize", "--stable", "--plan", "--json", "book.txt"])
    planned = json.loads(capsys.readouterr().out)["calls"]
    assert run(["summarize", "--stable", "--json", "book.txt"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    made = made_calls(result) - result["calls"]["cached"]
    assert planned["cached"] <= result["calls"]["cached"]
    assert made < 0.5 * made_calls(result)
    assert re.search(r"\d+ of \d+ calls are cached", captured.err)
    ((start, end),) = result["read"]["anew"]
    assert start == 0
    assert end < len(text.read_text()) / 2


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_watching_prints_each_new_version(server, tmp_path):
    text = tmp_path / "short.txt"
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "summarize", "--watch", "--json", "short.txt"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    first = json.loads(process.stdout.readline())
    time.sleep(1)  # until the folder is watched
    replacement = tmp_path / "draft"
    replacement.write_text(SHORT + "The crew went home.")
    replacement.replace(text)  # as editors do
    second = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert first["input"]["characters"] == len(SHORT)
    assert second["input"]["characters"] == len(SHORT) + 19
    assert process.returncode == 130


@pytest.mark.parametrize(
    "arguments",
    [[], ["-"], ["short.txt", "long.txt"], ["short.txt", "--plan"], ["http://127.0.0.1:9/"]],
)
def test_only_one_file_can_be_watched(arguments, server, capsys):
    assert run(["summarize", "--watch", *arguments]) == 2
    assert "--watch takes one FILE" in one_line(capsys.readouterr().err)


def test_config_shows_every_setting(capsys):
    assert run(["config"]) == 0
    out = capsys.readouterr().out
    assert "ollama:tiny" in out
    assert "summary_tokens" in out
    assert "py-llama.toml" in out


def test_cache_commands(server, tmp_path, capsys):
    assert run(["cache", "info"]) == 0
    assert "no calls are cached yet" in capsys.readouterr().out
    run(["summarize", "short.txt"])
    capsys.readouterr()
    assert run(["cache", "path"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "cache" / "calls.sqlite3")
    assert run(["cache", "info"]) == 0
    assert re.search(r"calls\s+1\b", capsys.readouterr().out)
    assert run(["cache", "prune"]) == 0
    assert "0 calls removed, 1 left" in capsys.readouterr().out
    assert run(["cache", "clear"]) == 0
    assert "1 calls removed" in capsys.readouterr().out


def test_shell_completion():
    done = subprocess.run(
        [sys.executable, "-m", "pipeline"],
        env={**os.environ, "_PY_LLAMA_COMPLETE": "bash_complete", "COMP_WORDS": "py-llama su",
             "COMP_CWORD": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert "summarize" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["eval"], ["cache"]])
def test_a_group_alone_explains_itself(arguments, capsys):
    assert run(arguments) == 2
    assert "\nCommands:\n" in capsys.readouterr().err


def test_retries_are_not_printed_among_the_output(monkeypatch, capsys):
    script = [says("Yes."), fails(503, "busy"), says("The ferry carried mail.")]
    with ScriptedOllama(script) as scripted:
        monkeypatch.setenv("OLLAMA_HOST", scripted.url)
        assert run(["summarize", "--json", "short.txt"]) == 0
    assert json.loads(capsys.readouterr().out)["calls"]["retry"] == 1


def test_sources_are_footnotes_or_json(server, capsys):
    assert run(["summarize", "--sources", "-n", "4", "long.txt"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("The ferry carried mail. [1]\n\n[1] ")
    assert run(["summarize", "--sources", "--json", "-n", "4", "long.txt"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sentences"][0]["text"] == "The ferry carried mail."
    assert found["coverage"]["chunks"] == found["calls"]["map"]


def test_documents_of_all_formats_and_addresses(server, capsys):
    files = [str(CORPUS / "files" / f"harbour-{name}") for name in FORMATS]
    with listening() as (port, _):
        assert run(["summarize", *files, f"http://127.0.0.1:{port}/"]) == 0
    out = capsys.readouterr().out
    assert out.count("==> ") == out.count("The ferry carried mail.") == len(FORMATS) + 1


def test_footnotes_name_pages_and_times(monkeypatch, capsys):
    said = "The painters have reached the middle of it. She had dived for sponges and for anchors."
    files = [str(CORPUS / "files" / name) for name in ("talk-ffmpeg.vtt", "harbour-groff.pdf")]
    with ScriptedOllama(says(said)) as scripted:
        monkeypatch.setenv("OLLAMA_HOST", scripted.url)
        assert run(["summarize", "--sources", *files]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^\[1\] 00:\d\d:\d\d \(\d\.\d\d\): .*painters", out, re.MULTILINE)
    assert re.search(r"^\[2\] page [23] \(\d\.\d\d\): .*sponges", out, re.MULTILINE)


def test_what_a_summary_is_silent_on_is_named_by_pages_and_times(monkeypatch, capsys):
    files = [str(CORPUS / "files" / name) for name in ("talk-ffmpeg.vtt", "harbour-groff.pdf")]
    with ScriptedOllama(says("The painters have reached the middle of it.")) as scripted:
        monkeypatch.setenv("OLLAMA_HOST", scripted.url)
        asked = ["summarize", "--sources", "--chunk-tokens", "300", "--words", "20", *files]
        assert run(asked) == 0
    talk, harbour = re.findall(r"chunks are represented; nothing of (.*)", capsys.readouterr().out)
    time, page = r"00:\d\d:\d\d", r"page [1-4]"
    assert re.fullmatch(rf"{time}( to {time})?(, {time}( to {time})?)*", talk)
    assert re.fullmatch(rf"{page}( to {page})?(, {page}( to {page})?)*", harbour)


def test_what_a_document_does_not_give_is_said(server, capsys):
    assert run(["summarize", str(CORPUS / "unreadable" / "partly.pdf")]) == 0
    assert "1 of 2 pages hold pictures without text" in one_line(capsys.readouterr().err)
    assert run(["summarize", str(CORPUS / "unreadable" / "scanned.pdf")]) == 2
    assert "needs OCR first" in one_line(capsys.readouterr().err)


def test_an_address_that_does_not_answer(server, capsys):
    assert run(["summarize", "http://127.0.0.1:9/a.pdf"]) == 2
    assert "http://127.0.0.1:9/a.pdf does not answer" in one_line(capsys.readouterr().err)
