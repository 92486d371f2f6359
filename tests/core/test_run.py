"""What a run counts, and its result (`pipeline.core.result`)."""

from scripted_runs import (
    prose,
    run,
    summarizer,
)


def test_exactness_lost_during_a_run_is_reported():
    def answer(call):
        one.model.exact = False
        return "A summary."

    one = summarizer(answer)
    assert run(one, prose(100)).to_dict()["read"]["exact"] is False
