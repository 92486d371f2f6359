"""Captions: who speaks, and when."""

from pipeline.documents.formats.detect import read


def labels(document, kind):
    return [mark.label for mark in document.marks if mark.kind == kind]


def test_captions_say_who_speaks_and_mark_the_times():
    text = (
        "WEBVTT\n\nNOTE no\n\n1\n00:01.000 --> 00:03.000\n<v Anna>Good <i>morning</i>.\n\n"
        "00:03.000 --> 00:06.000\n<v Anna>Salt &amp; wool.\n<v Bob Smith>Yes.\n\n"
        "01:14:05.500 --> 01:14:09.000\nAnd so on.\n"
    )
    document = read(text.encode(), "a")
    assert document.text == "Anna: Good morning.\nSalt & wool.\n\nBob Smith: Yes.\n\nAnd so on."
    assert labels(document, "time") == ["00:00:01", "00:00:03", "00:00:03", "01:14:05"]


def test_captions_that_roll_are_read_once_and_what_is_said_twice_stays():
    cues = [["one"], ["one", "two"], ["two", "three"], ["three"], ["three"]]
    text = "".join(
        f"{i}\n00:00:0{i},000 --> 00:00:0{i},900\n{'/'.join(cue)}\n\n".replace("/", "\n")
        for i, cue in enumerate(cues, 1)
    )
    document = read(text.encode(), "a")
    assert document.text.split() == ["one", "two", "three", "three", "three"]
    assert document.removed.repeats == 2


def test_malformed_captions_are_read_as_text():
    text = "WEBVTT\n\n00:01.000 --> 00:9x.000\nGood morning.\n"
    assert read(text.encode(), "a").text == text
