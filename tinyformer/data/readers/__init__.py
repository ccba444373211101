"""Which labelled files can be read?  Those that data sets are published in, each checked row by row.

Tables: `read_table` (TSV, CSV or JSONL by naming columns), `read_examples` (where the columns are recognised),
`read_label_sets` (any number of labels for a text), `read_glue`, `read_sick`, `read_snli`.  Tagged words:
`read_conllu`, `read_conll2003`.  Questions: `read_squad`.  Translations and other texts for texts: `read_parallel`,
`read_aligned`, `read_sources`, and tables.  Instructions and answers: `read_conversations`, and
which of two answers was chosen: `read_preferences`.  DNA and proteins: `read_fasta`; music: `read_midi`.
"""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.data.readers.conll2003 import read_conll2003
    from tinyformer.data.readers.conllu import read_conllu
    from tinyformer.data.readers.conversations import Conversation, read_conversations
    from tinyformer.data.readers.examples import (
        Answer,
        Examples,
        MultilabelExample,
        NamedSequence,
        PairExample,
        Question,
        Rewriting,
        TaggedSentence,
        TextExample,
    )
    from tinyformer.data.readers.fasta import read_fasta
    from tinyformer.data.readers.glue import GLUE, glue_file, read_glue, read_sick, read_snli
    from tinyformer.data.readers.label_sets import read_label_sets
    from tinyformer.data.readers.labels import check_labels, label_names
    from tinyformer.data.readers.midi import read_midi
    from tinyformer.data.readers.parallel import read_aligned, read_parallel, read_sources
    from tinyformer.data.readers.preferences import Preference, read_preferences
    from tinyformer.data.readers.squad import read_squad
    from tinyformer.data.readers.tabular import read_table
    from tinyformer.data.readers.which_column import parse_columns, read_examples, recognise

__getattr__, __dir__ = opens(
    __name__, conll2003="read_conll2003", conllu="read_conllu", conversations="Conversation read_conversations",
    examples="Answer Examples MultilabelExample NamedSequence PairExample Question Rewriting TaggedSentence "
             "TextExample", fasta="read_fasta",
    glue="GLUE glue_file read_glue read_sick read_snli", label_sets="read_label_sets",
    labels="check_labels label_names", midi="read_midi",
    parallel="read_aligned read_parallel read_sources", which_column="parse_columns read_examples recognise",
    preferences="Preference read_preferences", squad="read_squad", tabular="read_table")
