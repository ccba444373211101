"""Which tests does one of several processes run?  Every n-th.  A plugin of pytest, for where processes are many.

    pytest -p benchmarks.share --share=0/8
"""


def pytest_addoption(parser) -> None:
    parser.addoption("--share", default="0/1", metavar="I/N", help="of N shares, run number I")


def pytest_collection_modifyitems(config, items) -> None:
    number, count = map(int, config.getoption("share").split("/"))
    config.hook.pytest_deselected(items=[item for place, item in enumerate(items) if place % count != number])
    items[:] = items[number::count]
