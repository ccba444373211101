"""What happens inside a model while it reads and writes?  A page in the browser shows it, for any folder of a model."""

import importlib.util
import threading
from dataclasses import dataclass
from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.options import DEVICES, option
from tinyformer.places import say


@dataclass(frozen=True, kw_only=True)
class Options:
    """What lies behind the page, and where it is shown."""

    model: tuple[str, ...] = option((), "folder of a model; can be given again (default: those of runs/tour)",
                                    metavar="DIR")
    run: tuple[str, ...] = option((), "folder of a run, whose curves are shown; can be given again (default: those in "
                                  "runs)", metavar="DIR")
    exercises: str = option("exercises", "folder of your exercises", metavar="DIR")
    port: int = option(8000, "where the page is to be found; 0 takes one that is free", least=0, most=65535)
    host: str = option("127.0.0.1", "the address to listen at; with another than this, other machines can come in",
                       metavar="ADDRESS")
    browser: bool = option(True, "open the page in the browser; --no-browser only prints its address")
    device: str = option("auto", "where to compute", DEVICES)


def run(options: Options) -> int:
    """Open the models, say where the page is, and serve it until Ctrl-C."""
    if importlib.util.find_spec("tornado") is None:
        raise InputError("the page is served by tornado, which is not installed; pip install 'tinyformer[page]'")
    from tinyformer.page.served import Behind, open_all
    from tinyformer.page.server import listening, serve
    for folder in options.run:
        if not Path(folder).is_dir():
            raise InputError(f"--run {folder}: no such folder; it takes the --out of a run, in which log.jsonl stands")
    with listening(options.host, options.port) as sockets:     # before the models, which take their time
        models = open_all(options.model, options.device)
        if not models:
            say("no model was named and runs/tour has none, so the views of models are empty: --model DIR names one, "
                "and `python -m tinyformer` trains some")
        behind = Behind(models, [Path(folder) for folder in options.run], Path(options.exercises))
        serve(behind, options.host, sockets, lambda door: _say_where(door, options.browser))
    return 0


def _say_where(door, browser: bool) -> None:
    if door.open_to_others:
        say(f"WARNING: --host {door.host} lets in whoever reaches this machine over the network, without a password; "
            "leave it out to stay alone")
    name = "127.0.0.1" if door.host in ("127.0.0.1", "0.0.0.0", "localhost") else door.host
    address = f"http://{f'[{name}]' if ':' in name else name}:{door.port}/"
    print(f"{address}  (Ctrl-C ends)", flush=True)
    if browser:
        import webbrowser

        # A browser of the terminal returns only when it is left, and is to be served until then.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
