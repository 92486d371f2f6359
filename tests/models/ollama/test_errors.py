"""What the libraries below raise, as our errors; what a server says is in test_model.py."""

import httpx
import pytest

from pipeline.errors import (
    ModelUnavailable,
    Transient,
)
from pipeline.models.ollama.errors import translated


def _exceptions(of):
    return [of, *(below for cls in of.__subclasses__() for below in _exceptions(cls))]


@pytest.mark.parametrize("error", _exceptions(httpx.HTTPError), ids=lambda cls: cls.__name__)
def test_every_error_of_httpx_is_translated(error):
    request = httpx.Request("POST", "http://127.0.0.1/api/chat")
    more = {"request": request, "response": httpx.Response(500, request=request)}
    given = more if error is httpx.HTTPStatusError else {}
    with pytest.raises((ModelUnavailable, Transient)), translated("address", "tiny"):
        raise error("what happened", **given)
