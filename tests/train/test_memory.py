"""Does glibc keep freed memory when asked, and is nothing asked where it is not glibc?"""

import ctypes
import platform
import subprocess
import sys

import pytest

from tinyformer.train import memory

COUNT = """
import resource, sys
import numpy as np
from tinyformer.train.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def use():
    np.ones(8_000_000)                                         # 64 MB, mapped and unmapped by default
use(), use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")
def test_page_faults_stop():
    faults = {how: int(subprocess.run([sys.executable, "-c", COUNT, how], check=True, capture_output=True).stdout)
              for how in ("keep", "default")}
    assert faults["keep"] < 20 and faults["default"] > 50, faults


def test_elsewhere_nothing_happens(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert memory.keep_freed_memory() is False
