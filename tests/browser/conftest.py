"""JupyterLab as `hipanalytics lab` starts it, in a home of its own, and this machine's Chromium to look at it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from browser.find_chromium import find_chromium

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]
SCREENSHOTS = Path(__file__).parent / "screenshots"


@dataclass
class Lab:
    """A running lab: its address, its home, and whom the page has asked for anything."""

    address: str
    home: Path
    hosts: set[str] = field(default_factory=set)

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    @property
    def notebook(self) -> Path:
        (notebook,) = self.home.rglob("notebooks/review_caseload.ipynb")
        return notebook

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self._note(request.url))
        page.on("websocket", lambda websocket: self._note(websocket.url))

    def _note(self, url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob"):
            self.hosts.add(urlsplit(url).netloc)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium, Chrome or Edge on this machine")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab of someone who has no clinic yet."""
    with started_lab(tmp_path_factory.mktemp("home")) as started:
        yield started


@contextmanager
def started_lab(home: Path) -> Iterator[Lab]:
    """JupyterLab, started as a user would, with this home."""
    command = [sys.executable, "-c", "from hipanalytics.cli import main; main()", "lab", "--no-browser",
               "--port", str(_free_port())]
    own = {name: str(home) for name in ("HOME", "USERPROFILE", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA")}
    with subprocess.Popen(command, env={**os.environ, **own}, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address = next((found[0] for line in process.stderr if (found := re.search(r"http://127\S+token=\S+", line))),
                       None)
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        assert address, "the lab did not start"
        yield Lab(address, home)
        process.terminate()
        process.wait(30)
        drain.join(5)


@pytest.fixture(scope="session")
def screen(browser: Browser, lab: Lab) -> Iterator[Page]:
    """The review notebook, run, with its list and its chart."""
    page = opened_review(browser, lab)
    yield page
    page.close()


def opened_review(browser: Browser, lab: Lab) -> Page:
    """The review notebook of this lab, run, with its list and its chart."""
    page = browser.new_page(viewport={"width": 1280, "height": 960})
    page.set_default_timeout(30_000)
    lab.watch(page)
    page.goto(lab.address)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_selector("#jp-main-statusbar :text('| Idle')")  # the kernel is there
    choose_menu(page, "Run", "Run All Cells")
    page.wait_for_selector(".hip-row")
    page.wait_for_selector(".js-plotly-plot .main-svg .scatterlayer")
    return page


def choose_menu(page: Page, *items: str) -> None:
    """Choose from JupyterLab's menu, step by step."""
    page.click(f".lm-MenuBar-itemLabel:text-is('{items[0]}')")
    for item in items[1:]:
        page.click(f".lm-Menu-itemLabel:text-is('{item}')")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
