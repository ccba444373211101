"""How does a run begin that a command starts: with which settings, and afresh or where it stopped?"""

from dataclasses import dataclass

from tinyformer.options import option, switch


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """The options of every command that trains one model in --out; its own come beside them."""

    config: str | None = option(None, "a saved set of settings, such as the settings.json of an earlier run; the "
                                "command line wins", metavar="FILE.json")
    resume: str | bool = option(False, "go on from the last checkpoint in --out; auto: start afresh where there is "
                                "none", metavar="auto|CHECKPOINT", alone=True)
    overwrite: bool = switch("replace the model that stands in --out")
