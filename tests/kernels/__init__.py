"""Tests of `tinyformer/cuda`.  A folder of that name would stand in the way of CuPy, which imports a package `cuda`."""
