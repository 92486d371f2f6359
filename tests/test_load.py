import pytest

from pipeline.errors import InputError
from pipeline.load import load


def test_text_comes_as_it_is(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("Grüße,\r\n\r\nthe end.\x0c".encode())
    document = load(str(path))
    assert document.text == "Grüße,\r\n\r\nthe end.\x0c"
    assert document.name == str(path)


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfHello.")
    assert load(str(path)).text == "Hello."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "holds no text"),
        (b" \n\t\r\n", "holds no text"),
        (b"caf\xe9 au lait", r"is not UTF-8 \(byte 3\)"),
        (b"\x7fELF\x02\x01\x01" + bytes(200), "is not a text file"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256)) * 4, "is not a text file"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, data, message):
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        load(str(path))


def test_a_directory_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(InputError, match="is a directory"):
        load(str(tmp_path))
    with pytest.raises(InputError, match="does not exist"):
        load(str(tmp_path / "nothing.txt"))


def test_stray_control_characters_do_not_make_a_text_binary(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"A long line of text. " * 50 + b"\x00\x01")
    assert "\x00" in load(str(path)).text
