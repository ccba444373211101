'''What happens inside a model while it reads and writes?  A page in the browser, behind which lie models of one's own.

`python -m tinyformer page --model DIR` opens it.  A view is one file in `views/`, its line in the table below, and one
module of JavaScript in `static/views/`; the server knows none of them by name.

    """Which word comes next, and which others might have come?"""

    VIEW = View("Next word", serves=lambda served: isinstance(served.model, GPT))

    @dataclass(frozen=True, kw_only=True)
    class Text(OfModel):                                       # of a model: its number is among the fields
        text: str = asked("where the model goes on", "", longest=2000)
        top: int = asked("how many words are shown", 5, least=1, most=50)

    @VIEW.function
    def words(served: Served, request: Text) -> dict:          # POST /api/next/words {"model": 0, "text": ...}
        ...

A function gets what was asked, each field within its range, and returns a dict that JSON can hold; one that is a
generator sends each dict that it yields at once.  A function whose request is `OfModel` gets the model it asks for, and
is the only one at work with it; another, which needs none, gets all that lies `Behind` the page.

Functions run one piece at a time in one thread, for the engine's `no_grad` holds for the whole program: between two
pieces others have their turn, so a generator must not yield within `no_grad()`.  InputError says what is wrong with
what was asked; after any other error the browser shows a number, and the terminal the traceback.

The module of JavaScript exports `view(root, api, state)`: it fills the element `root` by the helpers beside it
(`static/dom.js`, which knows text and no markup; `controls.js`; `bars.js`), asks by `api.ask("words", {...})` or
`api.stream("words", {...}, piece => ...)`, and keeps in `state` whatever a copied link should bring back.
'''

from tinyformer.opening import Table

VIEWS = Table({                               # in the order of the page
    "write": "tinyformer.page.views.write:VIEW",
    "fill": "tinyformer.page.views.fill:VIEW",
    "heads": "tinyformer.page.views.heads:VIEW",
    "inside": "tinyformer.page.views.inside:VIEW",
    "graph": "tinyformer.page.views.graph:VIEW",
    "runs": "tinyformer.page.views.runs:VIEW",
    "exercises": "tinyformer.page.views.exercises:VIEW",
})
