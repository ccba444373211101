import os
from pathlib import Path

import pytest

from tinyformer.errors import InputError

BESIDE = Path(__file__).parents[4]                         # the folder in which the checkout lies


@pytest.fixture
def published():
    """A function that finds a published file, below $TINYFORMER_DATA or in data/ of a folder beside the checkout."""
    def path(name):
        given = os.environ.get("TINYFORMER_DATA")
        places = [Path(given, name)] if given else sorted(BESIDE.glob(f"*/data/{name}"))
        found = next((place for place in places if place.exists()), None)
        return found or pytest.skip(f"the published file {name} is not here")
    return path


@pytest.fixture
def file(tmp_path):
    """A function that writes a file and returns its path."""
    def write(name, data):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
        return path
    return write


@pytest.fixture
def refused():
    """A function that expects an InputError whose message holds all the words."""
    def check(reader, *args, words, **options):
        with pytest.raises(InputError) as caught:
            reader(*args, **options)
        message = str(caught.value)
        missing = [word for word in words if str(word) not in message]
        assert not missing, f"{missing} not in: {message}"
        return message
    return check
