"""Are sequences read as FASTA files have them, and is what is none refused with its place?"""

import pytest

from tinyformer.data.readers import read_fasta
from tinyformer.errors import InputError


def written(folder, text: str):
    path = folder / "a.fa"
    path.write_text(text)
    return path


def test_lines_are_joined_and_small_letters_are_the_same(tmp_path):
    found = read_fasta(written(tmp_path, "; made by hand\n>abnA promoter\nACG TN\nacg\n\n> 4214020\nMKV-L*\n"))
    assert [(each.name, each.text, each.line) for each in found] == [
        ("abnA promoter", "ACGTNACG", 2), ("4214020", "MKV-L*", 6)]


@pytest.mark.parametrize("text, line, said", [
    ("ACGT\n>a\nACGT\n", 1, "'ACGT' stands before the first name"), (">a\n>b\nACGT\n", 1, "a name without a sequence"),
    (">a\nACGT\n>b\nACGT\nAC9T\n", 5, "'9' in a sequence"), (">a\nACGT\n>b\n", 3, "a name without a sequence")])
def test_what_is_no_sequence_is_named_with_its_line(tmp_path, text, line, said):
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=rf"a\.fa:{line}: {said}"):
        read_fasta(path)
    assert [each.text for each in read_fasta(path, skip_bad_rows=1)] == ["ACGT"]


def test_a_file_without_a_sequence_is_refused(tmp_path):
    with pytest.raises(InputError, match="no examples in it"):
        read_fasta(written(tmp_path, "; nothing\n"))
