"""Which files does the page consist of?  Those of a table, made before anybody asks: no path is opened later."""

from pathlib import Path

STATIC = Path(__file__).parent / "static"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


def table() -> dict[str, tuple[str, bytes]]:
    """Path of a URL -> its content type and what stands there; "/" is the page itself."""
    found = {f"/static/{path.relative_to(STATIC).as_posix()}": (TYPES[path.suffix], path.read_bytes())
             for path in sorted(STATIC.rglob("*")) if path.suffix in TYPES}
    found["/"] = found.pop("/static/index.html")
    return found
