"""Say which browser the browser tests will drive; where there is none, let Playwright fetch one if it can."""

from __future__ import annotations

import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")


def find_chromium() -> str | None:
    """The path of a Chromium of this machine, or of the one that Playwright has fetched."""
    system = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if system:
        return system
    with sync_playwright() as playwright:
        fetched = playwright.chromium.executable_path
    return fetched if shutil.which(fetched) else None


def main() -> None:
    """Find a browser, or fetch one, or say that there is none."""
    if not find_chromium():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    found = find_chromium()
    print(f"Browser tests drive {found}." if found else "No Chromium could be had: the browser tests are skipped.")


if __name__ == "__main__":
    main()
