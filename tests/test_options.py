"""Does a dataclass become the options of a command: their kinds, their ranges, their help, and what was not given?"""

from dataclasses import dataclass

import pytest

from tinyformer.errors import InputError
from tinyformer.options import REQUIRED, Parser, argument, check_values, option, settings_of, suggestion, switch


@dataclass(frozen=True)
class Sizes:
    """The settings of a run; `kind` is set by the program alone."""

    kind: str = "gpt"
    layers: int = option(2, "how many layers", least=1)
    shares: tuple[float, ...] = option((0.8, 0.2), "how they are shared", least=0)
    whole: bool = option(False, "words and not pieces")
    seed: int = option(0, "of all chance", least=0)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Every kind of field that there is."""

    task: str = argument("what is done", choices=("read", "write"))
    texts: tuple[str, ...] = argument("what is read", default=())
    model: str = option(REQUIRED, "folder of a model", metavar="DIR")
    rate: float | None = option(None, "how fast", above=0, most=1)
    cache: bool = option(True, "remember what was read")
    stop: tuple[str, ...] = option((), "end before this; can be given again", metavar="TEXT")
    source: str | None = option(None, "a file", flag="--from", metavar="FILE")
    resume: str | bool = option(False, "go on", metavar="auto|PATH", alone=True)
    quick: bool = switch("smaller")
    given: dict = settings_of(Sizes, only=("layers", "shares", "whole"))


def parsed(*words: str) -> Options:
    return Parser(Options, "try").parse(["read", "--model", "m", *words])


def refused(*words: str) -> str:
    with pytest.raises(InputError) as caught:
        parsed(*words)
    return str(caught.value)


def test_what_is_not_given_has_its_default():
    assert parsed() == Options(task="read", model="m", given={})


def test_every_kind_of_field():
    found = Parser(Options, "try").parse([
        "write", "a", "b", "--model=m", "--rate", "0.5", "--no-cache", "--stop", "x", "--stop", "y", "--from", "f",
        "--quick", "--resume", "auto", "--layers", "1,000", "--shares", "1, 0", "--whole"])
    assert found == Options(task="write", texts=("a", "b"), model="m", rate=0.5, cache=False, stop=("x", "y"),
                            source="f", quick=True, resume="auto",
                            given={"layers": 1000, "shares": (1.0, 0.0), "whole": True})


def test_an_option_that_may_stand_alone():
    assert parsed("--resume").resume is True and parsed("--resume", "x").resume == "x" and parsed().resume is False


def test_a_setting_can_be_switched_off_again_for_a_file_may_have_switched_it_on():
    assert parsed("--no-whole").given == {"whole": False} and parsed().given == {}
    assert "--no-quick is not known" in refused("--no-quick")


@pytest.mark.parametrize("words, said", [
    (["--rate", "0"], "--rate is 0.0; it must be above 0"), (["--rate", "2"], "--rate is 2.0; it must be at most 1"),
    (["--rate", "nan"], "it must be a finite number"), (["--rate", "fast"], "'fast' is not a number"),
    (["--layers", "two"], "'two' is not a whole number"), (["--shares", "a,b"], "'a,b' is not numbers"),
    (["--seed", "1"], "option --seed is not known"), (["--layer", "1"], "did you mean '--layers'?"),
    (["--debugg"], "did you mean '--debug'?"), (["--from"], "expected one argument")])
def test_mistakes_are_named(words, said):
    message = refused(*words)
    assert said in message and message.count("\n") == 0


def test_what_must_be_there_and_what_may_be_chosen():
    with pytest.raises(InputError, match="required: --model; see: python -m tinyformer try --help"):
        Parser(Options, "try").parse(["read"])
    with pytest.raises(InputError, match="task is 'wirte'; choose one of: read, write; did you mean 'write'?"):
        Parser(Options, "try").parse(["wirte", "--model", "m"])


def test_ranges_hold_wherever_the_values_come_from():
    with pytest.raises(InputError, match="--layers is 0; it must be at least 1"):
        check_values(Sizes(layers=0))
    with pytest.raises(InputError, match="--shares is -1.0; it must be at least 0"):
        check_values(Sizes(shares=(2.0, -1.0)))


def test_help_shows_every_option_once_with_its_default():
    shown = " ".join(Parser(Options, "try", description="Try it.").format_help().split())
    for part in ("usage: python -m tinyformer try", "Try it.", "{read,write}", "--model DIR folder of a model",
                 "--cache, --no-cache remember what was read (default True)",
                 "--layers INT how many layers (default 2)", "--shares N,N how they are shared (default 0.8,0.2)",
                 "--quick smaller", "--from FILE a file", "--resume [auto|PATH] go on",
                 "--stop TEXT end before this; can be given again", "--debug"):
        assert part in shown, part
    assert "--kind" not in shown and "--seed" not in shown


@pytest.mark.parametrize("typed, meant", [("laers", "layers"), ("lr", "learning_rate"), ("xyz", None)])
def test_the_nearest_name(typed, meant):
    assert suggestion(typed, ["layers", "learning_rate"]) == (f"; did you mean {meant!r}?" if meant else "")
