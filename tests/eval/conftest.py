"""What several tests of the evaluation use: runs of baselines over two documents."""

import pytest

from eval import records
from eval.tasks import load_task
from pipeline.cli import run as command


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with runs of three baselines over two documents of the sample."""
    path = tmp_path_factory.mktemp("runs")
    flags = ["-s", "lead", "-s", "textrank", "-s", "oracle", "--limit", "2", "--words", "120"]
    assert command(["eval", "run", "sample", *flags, "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def boards(folder):
    pytest.importorskip("rouge_score_rs", reason="the extra [eval] is not installed")
    from eval.rouge import Scorer
    from eval.scoring import board

    data = load_task("sample")
    runs = records.find([folder])
    return [board(run, data, Scorer()) for run in runs], runs, data


@pytest.fixture
def item():
    return load_task("sample").items[0]
