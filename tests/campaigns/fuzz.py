"""Which inputs take a way through the readers and tokenizers that none took before?  By hand; it needs atheris.

    PYTHONPATH=.:tests python tests/campaigns/fuzz.py -max_total_time=600

The first byte of an input says which of the samples it stands in for, the others are the file.  An error that is not
promised, or an example that cannot be meant, ends it with the input in a file; such a finding becomes a test.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tinyformer"]):
    from campaigns.test_readers import CORPUS, SAMPLES, faults
    from campaigns.test_tokenizers import SAMPLES as TOKENIZERS
    from campaigns.test_tokenizers import bert_json, gpt2_json, sound
    from tinyformer import text
    from tinyformer.data import readers
    from tinyformer.errors import InputError
    from tinyformer.text import load_tokenizer
    OPENED = [getattr(package, name) for package in (readers, text) for name in dir(package)]    # when asked for

FOLDER = Path(tempfile.mkdtemp())
FILES = [sample for samples in (*SAMPLES.values(), CORPUS) for sample in samples]


def vocabularies() -> list[tuple[Path, bytes]]:
    """Each file of each kind of vocabulary: where it stands, and what is in it."""
    for name, make in TOKENIZERS.items():
        make().save(FOLDER / name)
    for name, described in (("bert", bert_json()), ("gpt2", gpt2_json())):
        (FOLDER / name).mkdir()
        (FOLDER / name / "tokenizer.json").write_text(json.dumps(described), encoding="utf-8")
    return [(path, path.read_bytes()) for path in sorted(FOLDER.glob("*/*"))]


def one(data: bytes) -> None:
    """Read what stands behind the first byte as the sample of this number is read."""
    if not data:
        return
    number, rest = data[0] % (len(FILES) + len(VOCABULARIES)), data[1:]
    try:
        if number < len(FILES):
            name, _, reader = FILES[number]
            (FOLDER / name).write_bytes(rest)
            unsound = [fault for found in reader(FOLDER / name) for fault in faults(found, rest)]
            assert not unsound, unsound
        else:
            path, whole = VOCABULARIES[number - len(FILES)]
            path.write_bytes(rest)
            try:
                sound(load_tokenizer(path.parent))
            finally:
                path.write_bytes(whole)
    except InputError:
        pass


VOCABULARIES = vocabularies()

if __name__ == "__main__":
    seeds = FOLDER / "seeds"
    seeds.mkdir()
    for number, data in enumerate([*(said.encode() for _, said, _ in FILES), *(whole for _, whole in VOCABULARIES)]):
        (seeds / str(number)).write_bytes(bytes([number]) + data)
    atheris.Setup([*sys.argv, str(seeds)], one)
    try:
        atheris.Fuzz()
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
