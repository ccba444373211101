"""What does each view of the page look like?  Pictures of all of them, with models behind that have learned something.

    python tests/page/pictures.py --model DIR [--model DIR ...] [--run DIR ...] [--exercises DIR]

draws them into examples/pictures/.  A view is shown in the state below, or as it opens; what is to be clicked
first stands behind it.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from page.browser import Browser, missing  # noqa: E402
from page.conftest import Running  # noqa: E402
from tinyformer.page import VIEWS  # noqa: E402
from tinyformer.page.served import open_all  # noqa: E402

FOLDER = ROOT / "examples" / "pictures"
STATES = {
    "write": ("prompt=Return+the&tokens=60&temperature=0.7&top_p=0.9", "button.main"),
    "inside": ("text=Return+the+number+of+items+in+the+list.&layer=2&head=1&token=3", None),
    "graph": ("formula=h+%3D+gelu(affine(x,+w,+b))%0Amean((h+-+y)+**+2)&sizes=x+2+3;+w+2+3;+b+2;+y+2+2&at=7", None),
    "exercises": ("show=begun", None),
    "runs": ("runs=0.1", None),
    "fill": ("text=The+[MASK]+lives+in+[MASK].&word=saw&first=Anna+saw+the+film.&second=The+saw+is+old.", None),
}
WIDTH, HEIGHT, LONGEST = 1200, 700, 2300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--run", action="append", default=[])
    parser.add_argument("--exercises", default="exercises")
    parser.add_argument("--view", action="append", help="these alone")
    options = parser.parse_args()
    if missing():
        sys.exit(missing())
    page, browser = Running(open_all(options.model, "cpu"), VIEWS), Browser()
    page.behind.runs, page.behind.exercises = [Path(folder) for folder in options.run], Path(options.exercises)
    try:
        for name in options.view or page.page.views:
            state, click = STATES.get(name, ("", None))
            browser.screen(WIDTH, HEIGHT)
            browser.open(f"http://127.0.0.1:{page.port}/#/{name}?{state}")
            time.sleep(2)
            if click:
                browser.one(click).click()
                time.sleep(3)
            browser.screen(WIDTH, min(LONGEST, browser.run("return document.documentElement.scrollHeight")))
            browser.driver.save_screenshot(str(FOLDER / f"page-{name}.png"))
    finally:
        browser.close()
        page.stop()


if __name__ == "__main__":
    main()
