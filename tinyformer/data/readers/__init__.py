"""Which labelled files can be read?  Those that data sets are published in, each checked row by row.

Tables: `read_table` (TSV, CSV or JSONL by naming columns), `read_examples` (where the columns are recognised),
`read_glue`, `read_sick`, `read_snli`.  Tagged words: `read_conllu`, `read_conll2003`.  Questions: `read_squad`.
Translations and other texts for texts: `read_parallel`, `read_aligned`, `read_sources`, and tables.
"""

from .conll2003 import read_conll2003
from .conllu import read_conllu
from .examples import Answer, Examples, PairExample, Question, Rewriting, TaggedSentence, TextExample
from .glue import GLUE, glue_file, read_glue, read_sick, read_snli
from .labels import check_labels, label_names
from .parallel import read_aligned, read_parallel, read_sources
from .recognise import parse_columns, read_examples, recognise
from .squad import read_squad
from .tables import read_table

__all__ = [
    "GLUE", "Answer", "Examples", "PairExample", "Question", "Rewriting", "TaggedSentence", "TextExample",
    "check_labels", "glue_file", "label_names", "parse_columns", "read_aligned", "read_conll2003", "read_conllu",
    "read_examples", "read_glue", "read_parallel", "read_sick", "read_snli", "read_sources", "read_squad", "read_table",
    "recognise",
]
