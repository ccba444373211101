"""What is a view, for those who write one?  A title, the models that it suits, and functions that can be asked."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from tinyformer.errors import InputError
from tinyformer.page.asked import OfModel
from tinyformer.page.served import Behind, Served


@dataclass(frozen=True)
class Function:
    """One that can be asked: what it takes, and whether it sends its answer in pieces."""

    run: Callable
    request: type
    streams: bool

    @property
    def of_model(self) -> bool:
        """Whether it is asked of one model, and works with that alone."""
        return issubclass(self.request, OfModel)


@dataclass
class View:
    """A view of the page.  `serves` says of a model whether it suits; None: the view needs none."""

    title: str
    serves: Callable[[Served], bool] | None = None
    functions: dict[str, Function] = field(default_factory=dict)

    def function(self, run: Callable) -> Callable:
        """Let the page ask this function; its second parameter says by its type what a request holds."""
        parameters = list(inspect.signature(run).parameters)
        request = get_type_hints(run)[parameters[1]]
        self.functions[run.__name__] = Function(run, request, inspect.isgeneratorfunction(run))
        return run

    def suited(self, behind: Behind) -> list[int]:
        """The numbers of the models that this view can show."""
        return [one.number for one in behind.models if self.serves is not None and self.serves(one)]

    def whose(self, function: Function, request: Any, behind: Behind) -> Served | Behind:
        """What a function gets for this request: a model, or all there is; InputError for a number of no such model."""
        if not function.of_model:
            return behind
        if request.model >= len(behind.models):
            raise InputError(f"model is {request.model}, and there are {len(behind.models)}, counted from 0; choose "
                             "one of them")
        if request.model not in self.suited(behind):
            raise InputError(f"model {request.model} is a {behind.models[request.model].kind}, which this view cannot "
                             "show; choose another model, or another view")
        return behind.models[request.model]
