"""The benchmarks of runs over corpora, on small ones.

They run `eval.bench.simulation`, and before it `eval.bench.instant`.
"""

import re

from click.testing import CliRunner

from eval.bench import scale


def measured(*arguments):
    result = CliRunner().invoke(scale.main, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_overhead_of_a_run_against_a_bare_loop(simulator):
    said = measured("overhead", "--documents=90", "--take=60", "--bare=30", "--processes=1")
    assert "60 documents, 0 failed, by 1 processes" in said
    assert float(re.search(r"= (\d\.\d+) x those of a bare loop", said)[1]) > 0.05


def test_a_mixed_run_that_is_killed_has_every_document_once(simulator):
    sizes = ("--short=60", "--short-words=100", "--long=1", "--long-words=3000")
    said = measured("mixed", *sizes, "--speed=20", "--kills=1")
    assert "killed 1 times: every document once" in said
