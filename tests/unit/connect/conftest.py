import pytest

from simgen.connect import backend, columns, rules, store


@pytest.fixture
def use_backend(monkeypatch):
    """A function that makes all of simgen.connect use one implementation."""

    def use(chosen):
        for module in (rules, store, columns):
            monkeypatch.setattr(module, "choose_backend", lambda n: chosen)

    return use


@pytest.fixture(params=["compiled", pytest.param("plain", id="numpy")])
def each_backend(request, use_backend):
    """Run a test with the compiled and with the numpy implementation."""
    chosen = backend.plain_backend() if request.param == "plain" else backend.choose_backend(0)
    use_backend(chosen)
    return request.param
