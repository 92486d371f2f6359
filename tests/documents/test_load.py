"""Files and addresses by their names."""

import pytest

from pipeline.documents.load import is_address, load
from pipeline.errors import InputError


def test_a_directory_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(InputError, match="is a directory"):
        load(str(tmp_path))
    with pytest.raises(InputError, match="does not exist"):
        load(str(tmp_path / "nothing.txt"))


def test_what_is_an_address():
    assert is_address("https://example.org/a.pdf")
    assert is_address("HTTP://example.org")
    assert not is_address("http.txt")
