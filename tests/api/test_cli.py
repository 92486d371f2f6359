"""`py-llama serve` on the command line."""

from api.keys import hash_key
from pipeline.cli import run


def test_a_key_is_made_on_the_command_line(capsys):
    assert run(["serve", "--new-key", "ann"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f'ann = "{hash_key(lines[1].strip())}"'
