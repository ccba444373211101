"""A real browser for the tests and for the pictures: Debian's Chromium, or another that chromedriver knows.

    apt-get install chromium chromium-driver; pip install 'tinyformer[browser]'
"""

import os
import shutil
import time
from importlib.util import find_spec

BINARIES = ("chromium", "chromium-browser", "google-chrome")
READY = "return document.readyState === 'complete' && !!document.querySelector('main .view')"


def missing() -> str | None:
    """Why there is no browser here, with the remedy; None where there is one."""
    lacking = [name for name in ("tornado", "selenium") if find_spec(name) is None]
    if lacking:
        return f"{' and '.join(lacking)} not installed: pip install 'tinyformer[page,browser]'"
    if not (any(map(shutil.which, BINARIES)) and shutil.which("chromedriver")):
        return "no Chromium with its driver is installed: apt-get install chromium chromium-driver"
    return None


class Browser:
    """A headless browser whose screen has any size and any colours."""

    def __init__(self):
        from selenium import webdriver
        from selenium.webdriver.support.ui import WebDriverWait
        options = webdriver.ChromeOptions()
        options.binary_location = next(filter(None, map(shutil.which, BINARIES)))
        for word in ("--headless=new", "--disable-gpu", "--hide-scrollbars", "--no-first-run"):
            options.add_argument(word)
        if hasattr(os, "geteuid") and os.geteuid() == 0:       # in a container
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        self.wait = lambda what, seconds=20: WebDriverWait(self.driver, seconds, 0.05).until(lambda _: what())

    def close(self) -> None:
        self.driver.quit()

    def screen(self, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """A screen of so many pixels, light or dark."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def open(self, address: str) -> None:
        """Load an address afresh, and wait until its view is there."""
        self.driver.get("about:blank")
        self.driver.get(address)
        self.wait(lambda: self.driver.execute_script(READY))

    def address(self) -> str:
        """The address, as soon as it has caught up with what was set."""
        time.sleep(0.5)
        return self.driver.current_url

    def one(self, css: str):
        """The first element that fits."""
        from selenium.webdriver.common.by import By
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list:
        from selenium.webdriver.common.by import By
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def run(self, script: str, *arguments):
        """What a function's body returns in the page."""
        return self.driver.execute_script(script, *arguments)

    def keys(self, *keys) -> None:
        """Type, wherever the focus is; Control is held until the next key."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys
        chain, held = ActionChains(self.driver), False
        for key in keys:
            if key == Keys.CONTROL:
                chain, held = chain.key_down(key), True
            else:
                chain = chain.send_keys(key)
                chain, held = chain.key_up(Keys.CONTROL) if held else chain, False
        chain.perform()

    def complaints(self) -> list[str]:
        """What stands in the console since this was last asked: errors, and what the content policy has refused."""
        return [line["message"] for line in self.driver.get_log("browser") if line["level"] in ("SEVERE", "WARNING")]
