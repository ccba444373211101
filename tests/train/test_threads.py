"""Can OpenBLAS be given another number of threads for a while, and does it get its own back?"""

import pytest

from tinyformer.train import threads


def test_the_number_is_changed_and_given_back():
    found = threads._controls()
    if found is None:
        pytest.skip("this NumPy has no OpenBLAS that can be asked")
    before = found[0]()
    for count in (1, 2):
        with pytest.raises(ZeroDivisionError), threads.blas_threads(count) as could:
            assert could and found[0]() == count
            raise ZeroDivisionError
        assert found[0]() == before


def test_without_openblas_nothing_happens(monkeypatch):
    monkeypatch.setattr(threads, "_controls", lambda: None)
    with threads.blas_threads(1) as could:
        assert could is False
