"""A headless Chromium, for tests of the page and for pictures of it."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# As root there is no sandbox; the rest keeps it from asking its makers' hosts.
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")


@contextlib.contextmanager
def chromium():
    """Run a browser. Where there is none the test skips, but not in CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        if found is None and not Path(playwright.chromium.executable_path).exists():
            if os.environ.get("CI") == "true":
                pytest.fail("the tests need Chromium in CI")
            pytest.skip("no Chromium is installed")
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
