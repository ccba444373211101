"""Is a weight that several cores read the same weight, and is a helper that never wakes not waited for?"""

import os
from concurrent.futures import Future

import numpy as np
import pytest

from tinyformer.ops import few_rows, linear


@pytest.mark.parametrize("cores", [1, 2, 3])
@pytest.mark.parametrize("outputs, inputs", [(9000, 128), (1, 1 << 20), (3, 1 << 19), (1025, 1024)])
def test_the_numbers_do_not_depend_on_who_reads(monkeypatch, cores, outputs, inputs):
    monkeypatch.setattr(few_rows, "cores", lambda: cores)
    few_rows._pool.cache_clear()
    rng = np.random.default_rng(0)
    rows, weight = (rng.standard_normal((n, inputs), dtype=np.float32) for n in (2, outputs))
    found = linear.product_of_rows(np, rows, weight)
    few_rows._pool.cache_clear()
    assert np.array_equal(found, np.vecdot(weight[:, None], rows).T) and found.flags.c_contiguous
    np.testing.assert_allclose(found, rows @ weight.T, rtol=0, atol=3e-6 * inputs ** 0.5 * np.abs(rows).max())


def test_helpers_that_are_busy_elsewhere_are_not_waited_for(monkeypatch):
    class Asleep:
        def submit(self, *_):
            return Future()                                    # pending for ever

    monkeypatch.setattr(few_rows, "cores", lambda: 3)
    monkeypatch.setattr(few_rows, "_pool", lambda process: Asleep())
    rows, weight = np.ones((1, 1024), np.float32), np.ones((2048, 1024), np.float32)
    assert np.array_equal(few_rows.product_of_few_rows(rows, weight), np.full((1, 2048), 1024))


@pytest.mark.parametrize("asked, most", [({"OPENBLAS_NUM_THREADS": "1"}, 1), ({"OMP_NUM_THREADS": "1"}, 1),
                                         ({"OMP_NUM_THREADS": "0", "OPENBLAS_NUM_THREADS": "x"}, None), ({}, None)])
def test_no_more_cores_read_than_the_products_may_use(monkeypatch, asked, most):
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    all_mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert few_rows.cores.__wrapped__() == (most or all_mine)
