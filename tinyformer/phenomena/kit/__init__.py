"""What does an experiment need beside its question?  Sizes, jobs that go on, curves, a table, a verdict, a page.

An experiment is a module, of which the kit asks this, in the order in which it is read:

    EXPERIMENT = Experiment(chapter=..., minutes=..., full=Sizes(...), quick=Sizes(...), control=...)

    def one(sizes, seed): ...            # with arms (sizes, seed, arm): one job, a dict of what JSON can hold
    def verdict(found): ...              # judged(at_least(...), ...); its docstring is the rule in words
    def table(found): ...                # a Table, or several
    def draw(found, folder): ...         # folder / "NAME.png", a picture that tells it alone

and, where there is more to say, said(outcome), the line when a job is done, and to_try(found, folder), a command that
goes on from here.  Its docstring opens with its question, and then says how it is done.

One that also looks at files of the user says which, EXPERIMENT.takes, and has a function for them, of which
`found.given` holds what it found, a dict for each seed, and nothing where no files were given:

    def one_given(sizes, seed, files): ...       # files.model is a folder, files.data are files; see brought.py
"""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.phenomena.kit.brought import Files
    from tinyformer.phenomena.kit.experiment import Experiment, Found, Sizes
    from tinyformer.phenomena.kit.rules import Check, Verdict, above, at_least, at_most, judged
    from tinyformer.phenomena.kit.tables import Table
    from tinyformer.phenomena.kit.watching import watch

__getattr__, __dir__ = opens(
    __name__, brought="Files", experiment="Experiment Found Sizes",
    rules="Check Verdict above at_least at_most judged", tables="Table", watching="watch")
