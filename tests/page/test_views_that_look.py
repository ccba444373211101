"""Do Look inside, Graph, Train and watch, and Exercises do in a real browser what they say, also by keyboard alone?"""

import json

import numpy as np
import pytest

from page.browser import missing
from page.conftest import Running
from tinyformer.models import GPT, GPTConfig
from tinyformer.page.served import Served
from tinyformer.text import CharTokenizer
from tinyformer.train import save_model

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))
INSIDE = "#/inside?model=0&text=The+red+cat"
TOLD = ".notice.wrong:not([hidden])"


def focused(browser, what: str = "textContent") -> str:
    return browser.run(f"return document.activeElement.{what}")


# ---- Look inside -----------------------------------------------------------------------------------------------------


def test_a_head_is_chosen_and_seen_as_lines_and_as_a_matrix(browser, open_view):
    open_view(INSIDE, ".heads-grid button")
    assert len(browser.all(".heads-grid button")) == 4 and len(browser.all(".lines .tokens-beside")) == 2
    browser.wait(lambda: browser.all(".lines line"))
    every = len(browser.all(".lines line"))
    browser.all(".heads-grid button")[3].click()
    browser.wait(lambda: "layer=2" in browser.driver.current_url and "head=2" in browser.driver.current_url)
    browser.run("document.querySelectorAll('.lines button')[4].focus()")
    browser.wait(lambda: " looks at " in browser.one(".lines + .readout").text)
    assert browser.one(".lines + .readout").text.startswith("r looks at")
    assert len(browser.all(".lines line")) < every
    canvas = browser.one("canvas")
    assert canvas.size["width"] > 11 * 18 and canvas.size["height"] > 11 * 18
    browser.run("document.querySelector('canvas').focus()")
    from selenium.webdriver.common.keys import Keys
    browser.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    browser.wait(lambda: "e (3) looks at h (2)" in browser.run(
        "return document.querySelector('.scroll:has(canvas) + .readout').textContent"))
    link = browser.address()
    open_view(link[link.index("#"):], ".heads-grid button[aria-pressed=true]")
    assert browser.one(".heads-grid button[aria-pressed=true]").get_attribute("title") == "layer 2, head 2"


def test_the_arrows_go_from_head_to_head_and_enter_chooses(browser, open_view):
    from selenium.webdriver.common.keys import Keys
    open_view(INSIDE, ".heads-grid button")
    assert len(browser.all(".heads-grid button[tabindex='0']")) == 1
    browser.run("document.querySelector(\".heads-grid button[tabindex='0']\").focus()")
    browser.keys(Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.ENTER)
    browser.wait(lambda: "layer=2&head=2" in browser.driver.current_url)
    assert focused(browser, "title") == "layer 2, head 2"


def test_the_guesses_of_every_layer_and_the_gradient_at_every_word(browser, open_view):
    open_view(INSIDE, ".pulls button")
    browser.wait(lambda: len(browser.all(".lens tbody tr")) == 3)
    assert len(browser.all(".lens tbody tr:last-child td")) == 11
    browser.run("document.querySelector('.lens tbody button').focus()")
    browser.wait(lambda: "what stands there, h" in browser.one(".scroll:has(.lens) + .readout").text)
    assert "the mean of them" in browser.one("[aria-label=Gradients]").text
    browser.all(".pulls button")[2].click()
    browser.wait(lambda: browser.all("[aria-label=Gradients] tbody tr"))
    assert len(browser.all("[aria-label=Gradients] tbody tr")) == 5
    assert browser.one("caption").text == "In the place of e" and "token=3" in browser.address()
    browser.wait(lambda: focused(browser, "getAttribute('aria-pressed')") == "true")


def test_a_token_of_another_text_is_forgotten(browser, open_view):
    """A link, or a text that was longer before, may say a token that is not there."""
    open_view(f"{INSIDE}&token=99&whose=encoder", ".pulls button")
    assert not browser.all(TOLD) and not browser.all(".pulls [aria-pressed=true]")


@pytest.mark.parametrize("model", (1, 7, 8))
def test_other_kinds_of_models_are_looked_into(browser, open_view, models, model):
    two = models[model].task is not None and models[model].task.takes[0] == 2
    open_view(f"#/inside?model={model}&text=The+red+cat{'&second=Anna+lives' if two else ''}", ".pulls button")
    browser.wait(lambda: len(browser.all(".lens tbody tr")) == 3)
    assert not browser.all(TOLD) and browser.all(".lines line")


def test_what_cannot_be_looked_into_says_what_to_do(browser, open_view):
    for path, says in (("#/inside?text=+", "type a text"), (f"#/inside?model=1&text={'the+' * 60}", "shorten it"),
                       ("#/inside?model=4&text=the", "type the second text too")):
        open_view(path, TOLD)
        assert says in browser.one(TOLD).text and not browser.all(".heads-grid")


def test_twelve_layers_of_twelve_heads_fold(browser):
    letters = CharTokenizer.train(["The red cat\n"])
    config = GPTConfig(vocabulary=len(letters), layers=12, heads=12, width=24, context=48, dropout=0.0, init_std=0.2)
    many = Running([Served(0, "many", GPT(config, np.random.default_rng(0)), letters)])
    try:
        browser.screen(400, 900)
        browser.open(f"http://127.0.0.1:{many.port}/{INSIDE}")
        browser.wait(lambda: len(browser.all(".lens tbody tr")) == 13 and browser.all(".pulls button"))
        assert browser.one("details.heads-all summary").text == "All 12 x 12 heads"
        assert not browser.one(".heads-grid").is_displayed()
        shown = [row.find_element("css selector", "th").text for row in browser.all(".lens tbody tr:not([hidden])")]
        assert shown == ["before 1", "after 3", "after 6", "after 9", "after 12"]
        browser.one("[aria-expanded=false]").click()
        assert len(browser.all(".lens tbody tr:not([hidden])")) == 13
        browser.one("details.heads-all summary").click()
        assert len(browser.all(".heads-grid button")) == 144
        assert browser.run("return document.documentElement.scrollWidth") <= 400
        browser.all(".heads-grid button")[77].click()
        browser.wait(lambda: "layer=7&head=6" in browser.driver.current_url)
        assert not browser.complaints()
    finally:
        browser.driver.get("about:blank")                      # so that nothing is asked of a server that has gone
        many.stop()


# ---- Graph -----------------------------------------------------------------------------------------------------------


def test_a_formula_is_drawn_and_goes_step_by_step(browser, open_view):
    from selenium.webdriver.common.keys import Keys
    open_view("#/graph", ".picture svg")
    def at():
        return browser.one(".steps-at strong").text
    assert at() == "Forwards 1 of 4" and browser.one(".picture .now").get_attribute("class") == "step-0 now"
    browser.all(".steps-at button")[1].click()
    assert at() == "Forwards 2 of 4" and "masked_softmax(step 1)" in browser.one(".steps-at + div").text
    browser.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert at() == "Backwards 1 of 4" and browser.one(".picture .now").get_attribute("class") == "step-3 now"
    assert "What its backward hands on" in browser.one(".steps-at + div").text
    link = browser.address()
    open_view(link[link.index("#"):], ".picture svg")
    assert at() == "Backwards 1 of 4"


def test_a_formula_is_read_and_never_run(browser, open_view):
    from selenium.webdriver.common.keys import Keys
    open_view("#/graph?sizes=x+2+3&formula=x%2A2", ".picture")
    for formula, says in (("alert(1)", "no function here"), ("__import__('os')", "means nothing here"),
                          (" ", "type one"), ("x @ x", "last axis (3) must equal"),
                          ("<img src=x onerror=alert(1)>", "'<' at"), ("+".join("x" * 60), "more than 40 steps")):
        browser.run("const box = document.querySelector('textarea'); box.value = arguments[0]; box.focus();"
                    "box.dispatchEvent(new Event('input', {bubbles: true}))", formula)
        browser.keys(Keys.CONTROL, Keys.ENTER)
        browser.wait(lambda says=says: says in browser.one(".notice").text)
        assert not browser.all(".picture")


# ---- Train and watch, Exercises --------------------------------------------------------------------------------------


@pytest.fixture
def written(page, tmp_path):
    """A folder in which a run writes, one in which none has begun, and a function that writes a line."""
    folders = [tmp_path / "writes", tmp_path / "waits"]
    for folder in folders:
        folder.mkdir()

    def write(text: str) -> None:
        with (folders[0] / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(text)

    before, page.behind.runs = page.behind.runs, folders
    yield write
    page.behind.runs = before


def line(step: int, loss: float) -> str:
    return json.dumps(dict(step=step, loss=loss, learning_rate=0.1, grad_norm=1.0, seconds=step, tokens=step)) + "\n"


def test_curves_grow_while_the_run_writes(browser, open_view, written):
    written(line(1, 4.0) + line(2, 3.0))
    open_view("#/runs?runs=0.1", ".curves path.curve")
    assert "waits: nothing is written yet" in browser.one(".notice").text
    loss = browser.one(".curves figure")
    assert "3" in loss.text and "Loss, in training" in loss.text
    written(line(3, 2.0)[:20])
    written(line(3, 2.0)[20:] + '{"step": 3, "evaluation": {"lm loss": 2.5}}\n{"step": 4, "lo')
    browser.wait(lambda: "Validation: lm loss" in browser.one(".curves").text)
    assert "writes 2" in loss.text and not browser.all(TOLD)
    assert len(browser.all(".run-list input:checked")) == 2


def test_a_sample_comes_with_every_checkpoint(page, browser, open_view, written, models):
    written(line(1, 4.0))
    open_view("#/runs?runs=0&sample=0&text=The", ".curves .dot")
    assert not browser.all(".samples li")
    for number, step in enumerate((3, 6), 1):
        save_model(page.behind.runs[0] / f"checkpoint-{step:08d}", models[0].model, models[0].tokenizer)
        browser.wait(lambda number=number: len(browser.all(".samples li")) == number)
        assert browser.one(".samples li").text.startswith(f"checkpoint-{step:08d}\nThe")


def test_no_run_at_all_says_how_to_begin_one(page, browser, open_view, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    open_view("#/runs", ".notice:not([hidden])")
    assert "pretrain" in browser.one(".notice").text and "--run DIR" in browser.one(".notice").text


def test_exercises_are_listed(page, browser, open_view, tmp_path):
    page.behind.exercises = tmp_path
    (tmp_path / "progress.json").write_text(json.dumps({
        "tanh": {"solved": True, "says": "Right."}, "log": {"says": "Not yet. <b>look</b>", "when": 1}}),
        encoding="utf-8")
    (tmp_path / "log.py").write_text("raise SystemExit\n", encoding="utf-8")
    open_view("#/exercises?show=begun", ".exercise")
    assert browser.one(".answer").text.startswith("1 of ")
    assert [one.find_element("css selector", "code").text for one in browser.all(".exercise")] == ["log"]
    assert "the judge said: Not yet. <b>look</b>" in browser.one(".exercise").text
