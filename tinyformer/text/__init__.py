"""How does text become numbers?  Four tokenizers, trained and applied by our own code.

`CharTokenizer` has a token for each character, `WordPieceTokenizer` is BERT's, `ByteLevelBPE` is GPT-2's and
`UnigramTokenizer` is that of T5 and ALBERT.
"""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.text.base import Tokenizer
    from tinyformer.text.bpe import ByteLevelBPE
    from tinyformer.text.characters import CharTokenizer
    from tinyformer.text.from_folder import load_tokenizer
    from tinyformer.text.stream import TextStream
    from tinyformer.text.unigram import UnigramTokenizer
    from tinyformer.text.wordpiece import WordPieceTokenizer

__getattr__, __dir__ = opens(
    __name__, base="Tokenizer", bpe="ByteLevelBPE", characters="CharTokenizer",
    from_folder="load_tokenizer", stream="TextStream", unigram="UnigramTokenizer",
    wordpiece="WordPieceTokenizer")
