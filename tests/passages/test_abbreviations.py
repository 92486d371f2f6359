"""Abbreviations: spelled out at their first use, as the text does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.passages.abbreviations import defined, expanded

TEXT = (
    "The Harbour Safety Board (HSB) was founded in 1950. It is paid from the Port Dues Act (PDA) "
    "fund. Automatic tide gauges (ATGs) were bought. The Department of Marine Affairs (MA) agreed."
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "the Office of Management and Budget (OMB) said",
            {"OMB": "Office of Management and Budget"},
        ),
        ("by research and development (R&D) costs", {"R&D": "research and development"}),
        ("the Department of Veterans Affairs (VA)", {"VA": "Department of Veterans Affairs"}),
        ("the Port Dues Act's (PDA's) rates", {"PDA": "Port Dues Act"}),
        ("nothing of the kind (NATO) is said", {}),
        ("(AB) begins it", {}),
        ("It was (see page 3) Big. Cats (BC) roam", {}),
    ],
)
def test_definitions_in_a_text(text: str, names: dict[str, str]) -> None:
    assert {short: name.text for short, name in defined(text).items()} == names


@pytest.mark.parametrize(
    ("passages", "made"),
    [
        (
            ["In 1960 HSB moved.", "HSB moved again."],
            ["In 1960 the Harbour Safety Board (HSB) moved.", "HSB moved again."],
        ),
        (["The HSB's rules"], ["The Harbour Safety Board's (HSB's) rules"]),
        (["levied rates (PDA) on ships"], ["levied rates (Port Dues Act, PDA) on ships"]),
        (["PDA rates rose."], ["Port Dues Act (PDA) rates rose."]),
        (["More ATGs came."], ["More Automatic tide gauges (ATGs) came."]),
        (
            ["The Harbour Safety Board (HSB) was founded."],
            ["The Harbour Safety Board (HSB) was founded."],
        ),
        (["HSBC and X-HSB are others."], ["HSBC and X-HSB are others."]),
    ],
)
def test_first_uses_are_spelled_out(passages: list[str], made: list[str]) -> None:
    assert expanded(passages, TEXT) == made


@given(st.lists(st.text("AB (s).’'&a", max_size=30), max_size=4), st.text("AB (s).’'&ab "))
def test_any_text_at_all(passages: list[str], text: str) -> None:
    made = expanded(passages, text)
    assert len(made) == len(passages)
    assert expanded(passages, "") == passages
