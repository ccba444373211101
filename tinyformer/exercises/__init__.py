'''What can be derived by oneself?  Exercises in rising difficulty, each of which is judged and says what is wrong.

An exercise is one file of this folder, and its name in the list below.  The file's docstring opens with the question;
the whole docstring stands at the head of the file that a learner gets (formula, shapes, units, an example), so it tells
everything that is needed and nothing that is to be found.  Then it goes on like this:

    """Which keys may a query see, when it is to guess what comes next?

        keep (T, S), True where query t may look at key s
    """

    import numpy as np

    from tinyformer.engine import Call
    from tinyformer.exercises.kit import Exercise

    EXERCISE = Exercise(__doc__, bug="in whose published code this was wrong, and where that is told", hints=(
        "The first leads to the question behind the question.", "The second is nearer.", "The third all but says it."))

    @EXERCISE.solution                        # its name is that of the file
    def causal_mask(queries, keys):
        """True where query t may look at key s."""
        return np.arange(keys) <= np.arange(queries)[:, None] + (keys - queries)

    @EXERCISE.case                            # where to judge: a function of a random generator
    def _(rng):
        """a cache that holds two keys more than there are queries"""
        return Call(3, 5)

    @EXERCISE.mistake                         # at least three; what each says must differ
    def _(queries, keys):
        """the present itself is hidden: the comparison is < where it must be <="""
        return np.arange(keys) < np.arange(queries)[:, None] + (keys - queries)

What the learner is to write is the body of the function (below its docstring), or, where a `def` line ends in
`# yours` (or `# yours: return what`), the body of that function: the rest of a longer function, or of a class, is
given.  What the source needs is imported in the learner's file by itself.

The judge runs theirs and ours in every case and compares what comes out, numbers to ten digits (float32 to six);
then he looks whether it is what comes out of a known mistake, and says so; else he shows the first case that differs,
its call and what came: so let the small ones stand first.  A call that does not end is ended.  More, where needed:

* `@EXERCISE.drawn`: `def _(rng, size): ...` returns a `Call` of that size; the sizes 1 to 20 are cases.
* `@EXERCISE.observe`: `def _(theirs, call): ...` returns what is compared, in place of what `theirs` returns: what a
  class holds after a few calls, the counts of a thousand draws.
* `@EXERCISE.rule`: `def _(theirs): ...` returns a complaint, or None, for what no comparison tells; it is asked first.

An exercise on an op is `EXERCISE = OpExercise(ops.tanh, __doc__, hints=...)`, and that is enough: forward, cases and
judge (gradcheck, the special points) come from the op, and so do the mistakes that can be made at any op.  Where the op
is long or fast, its plain form is hung below by `@EXERCISE.given`.  An `@EXERCISE.mistake` of its own is a whole wrong
primitive; these are the museum of wrong gradients, each of which must be caught by the check `caught_by`.
'''

from tinyformer.opening import Table

CHAPTERS = {                                  # in each and from each to the next it becomes harder
    "Numbers change places, and nothing is computed": "reshape swapaxes transpose concatenate stack broadcast_to where "
                                                      "getitem",
    "One number in, one number out": "negate add subtract scale multiply exp log sin cos sqrt divide power pow tanh "
                                     "sigmoid",
    "Corners": "relu abs clip maximum minimum",
    "Many numbers become one": "sum mean max min cumsum prod var std norm normalize dropout "
                               "dropout_add",
    "Matrices": "matmul affine embedding rotary",
    "The price of being wrong": "mean_squared_error binary_cross_entropy_with_logits log_softmax masked_softmax "
                                "cross_entropy token_log_probs nt_xent",
    "Two things at once": "affine_gelu gelu silu swiglu layer_norm rms_norm batch_norm",
    "Who looks at whom": "attention self_attention blockwise_attention blockwise_self_attention",
    "What was read is carried along": "lstm",
    "A graph runs backwards": "accumulate walk tied_weights",
    "Who stands where, and who may see whom": "split_heads causal_mask padding_mask left_positions sinusoids",
    "Text becomes pieces, and something to guess": "longest_match byte_pair apply_merges next_sentence mask_tokens",
    "How wrong is a batch, and a text": "perplexity token_mean label_smoothing",
    "It learns": "warmup clip_norm decay_groups adamw",
    "It writes": "repetition_penalty top_p cache beam_end",
    "It is put to a task": "align_labels bio_spans best_span cosine",
}
EXERCISES = Table({name: f"{__name__}.{name}:EXERCISE" for names in CHAPTERS.values() for name in names.split()})


def overview(solved: set[str], folder: str) -> str:
    """Every exercise in a line, chapter by chapter, with a mark where it is solved."""
    lines = [f"{len(solved & {*EXERCISES})} of {len(EXERCISES)} exercises are solved in {folder}/"]
    width = len(sorted(EXERCISES, key=len)[-1]) + 1            # max is an exercise, once its file has been opened
    for chapter, names in CHAPTERS.items():
        lines += ["", f"{chapter}:"]
        for name in names.split():
            lines.append(f"  {'x' if name in solved else '.'} {name:<{width}} {EXERCISES.question(name)}")
    return "\n".join([*lines, "", "python -m tinyformer exercise NAME writes the file to fill; then --check, --watch, "
                      "--hint or --solution"])
