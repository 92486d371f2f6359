"""What a run tells."""

from scripted_runs import (
    prose,
    run,
    summarizer,
)

from pipeline.core.events import Delta, Finished, Planned, Summarized


def test_events_tell_the_run():
    events = []
    result = run(summarizer(words=28), prose(1000), events.append)
    assert isinstance(events[0], Planned)
    assert events[-1] == Finished(result)
    done = [event for event in events if isinstance(event, Summarized)]
    assert [event.done for event in done] == list(range(1, result.plan.calls + 1))
    assert {event.total for event in done} == {result.plan.calls}
    deltas = [event for event in events if isinstance(event, Delta)]
    assert result.summary in "".join(event.text for event in deltas)


def test_a_second_attempt_at_the_final_summary_restarts_its_text():
    events = []
    one = summarizer(lambda call: "" if call.attempt == 0 else "Second try.")
    run(one, prose(50), events.append)
    deltas = [event for event in events if isinstance(event, Delta)]
    assert [(event.text, event.restart) for event in deltas] == [("", False), ("Second try.", True)]
