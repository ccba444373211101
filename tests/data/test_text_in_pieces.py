"""Read in pieces: the same text, documents, faults and ids as from memory, wherever the pieces end."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.data import text_in_pieces
from tinyformer.data.corpus import read_documents, split_documents
from tinyformer.data.encode import ids_of_pieces, text_ids
from tinyformer.data.text_file import read_pieces, read_text
from tinyformer.data.text_in_pieces import TextInPieces, cut_at_spaces, part
from tinyformer.errors import InputError
from tinyformer.text import ByteLevelBPE, CharTokenizer, WordPieceTokenizer

LETTERS = st.text(st.sampled_from("ab1'é \n\t\r\x0b\x1c\u3000汉.Σ"), max_size=40)
TEXT = "It's 12 o'clock, said the cat's  owner;\n\nand  the dog wasn't there yet. <|endoftext|> 汉字 Ωmega \t end"
TOKENIZERS = {"characters": CharTokenizer.train([TEXT, "ab1'é \n\t\x0b\x1c\u3000汉.Σ"], specials=("[UNK]",)),
              "wordpiece": WordPieceTokenizer.train([TEXT] * 3, 100), "bpe": ByteLevelBPE.train([TEXT] * 3, 300)}


def joined(pieces) -> list[str]:
    """The documents that come in pieces."""
    documents = []
    for begins, text in pieces:
        assert text and (begins or documents)
        documents += [text] if begins else []
        documents[-1] += "" if begins else text
    return documents


@given(LETTERS, st.integers(1, 5))
def test_a_file_in_pieces_is_the_file(tmp_path_factory, text, size):
    file = tmp_path_factory.mktemp("text") / "a.txt"
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    assert "".join(read_pieces(file, size)) == read_text(file) == whole
    file.write_bytes(gzip.compress(text.encode()))
    assert "".join(read_pieces(file, size)) == whole


@pytest.mark.parametrize("data, place", [(b"fine\nfine\nbad \xff here", "line 3, byte offset 14"),
                                         (b"caf\xc3\xa9\n\xe2\x82", "line 2, byte offset 6"),
                                         (b"one\ntwo\0", "line 2, byte offset 7")])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_fault_is_named_with_its_place_whatever_the_pieces(tmp_path, data, place, size):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(InputError, match=place):
        list(read_pieces(tmp_path / "a.txt", size))


@given(st.lists(LETTERS, min_size=1, max_size=3), st.sampled_from(["file", "blank-lines"]), st.integers(1, 7))
def test_documents_in_pieces_are_the_documents(tmp_path_factory, texts, how, size):
    folder = tmp_path_factory.mktemp("corpus")
    for number, text in enumerate(texts):
        (folder / f"{number}.txt").write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_in_pieces, "read_pieces", lambda path: read_pieces(path, size))
        try:
            documents = read_documents(folder, how)
        except InputError as error:
            with pytest.raises(InputError) as same:
                TextInPieces(folder, how).counted()
            assert str(same.value) == str(error)
            return
        assert joined(text_in_pieces.corpus_pieces(folder, how)) == documents
        assert TextInPieces(folder, how).counted() == (len(documents), sum(map(len, documents)))


@given(st.lists(LETTERS.filter(len), min_size=1, max_size=4), st.floats(0, 0.9), st.integers(1, 5))
def test_the_cut_is_that_of_split_documents(documents, validation, size):
    pieces = [(not start, text[start:start + size]) for text in documents for start in range(0, len(text), size)]
    cut = int(sum(map(len, documents)) * (1 - validation))
    training, held_out = split_documents(documents, validation)
    assert joined(part(pieces, 0, cut)) == training and joined(part(pieces, cut, None)) == held_out


@pytest.mark.parametrize("kind", TOKENIZERS)
@given(st.lists(LETTERS | st.just(TEXT), min_size=1, max_size=3), st.integers(1, 12))
def test_ids_of_pieces_are_the_ids_of_the_whole(kind, documents, size):
    tokenizer, documents = TOKENIZERS[kind], [text for text in documents if text]
    pieces = [(not start, text[start:start + 5]) for text in documents for start in range(0, len(text), 5)]
    found = [id for ids in ids_of_pieces(cut_at_spaces(pieces, size), tokenizer) for id in ids]
    assert found == text_ids(documents, tokenizer).tolist()


@pytest.mark.parametrize("train", [CharTokenizer.train, lambda texts: ByteLevelBPE.train(texts, 300),
                                   lambda texts: WordPieceTokenizer.train(texts, 90)])
def test_a_vocabulary_of_pieces_is_that_of_the_whole(train):
    pieces = [text for _, text in cut_at_spaces([(True, TEXT * 9)], 20)]
    assert len(pieces) > 20 and train(pieces).tokens == train([TEXT * 9]).tokens


def test_a_text_that_can_be_cut_nowhere_comes_in_one_piece():
    assert list(cut_at_spaces([(True, "a" * 50), (False, "b" * 50 + " c")], 10)) == [(True, "a" * 50 + "b" * 50),
                                                                                     (False, " c")]
