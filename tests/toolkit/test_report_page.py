"""The HTML report in a real browser: readable on a phone and a screen, alone with itself, and deaf to its evidence."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from grades import GREEN, GROWING, HOSTILE, MIXED, STOPPED, grade_of

from graders.results.grade import Grade
from graders.results.verdicts import Evidence
from toolkit.views.html import render_html

# What the page is asked in the browser; the answer is left in an attribute, and the page printed.
PROBE = """<script>addEventListener("load", () => {
  const root = document.documentElement, seen = element => element.getBoundingClientRect().height > 0;
  root.setAttribute("data-probe", JSON.stringify({
    owned: window.owned === true,
    overflow: root.scrollWidth - root.clientWidth,
    loaded: performance.getEntriesByType("resource").map(entry => entry.name),
    headings: [...document.querySelectorAll("h1, h2, h3")].filter(seen).map(element => element.textContent.trim()),
    ink: getComputedStyle(document.body).color, paper: getComputedStyle(document.body).backgroundColor,
  }));
});</script>"""
WIDE = replace(
    HOSTILE,
    message="x" * 500,
    evidence=Evidence(
        requests=(
            {
                "curl": "curl 'http://127.0.0.1:1/" + "y" * 600 + "'",
                "method": "GET",
                "path": "/",
                "status": 200,
                "headers": {},
                "body": "</code></pre><script>window.owned = true</script>"
                "<img src=http://127.0.0.1:9/x onerror=owned=true>",
                "request_body": "",
                "note": "<b onclick='owned=true'>",
            },
        ),
        statements=(
            {"sql": "SELECT '" + "z" * 900 + "'", "parameters": [["w" * 400]], "times": 2, "nested": False},
        ),
    ),
)


@pytest.fixture(scope="module")
def chromium() -> str:
    """The browser's program; where it is missing the test is skipped, unless the run says that it may not be."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    if os.environ.get("KATA_TESTS_NEED_BROWSER"):
        pytest.fail("there is no chromium on PATH, and KATA_TESTS_NEED_BROWSER is set")
    pytest.skip("there is no chromium on PATH")


def probed(chromium: str, grade: Grade, folder: Path, width: int, *more: str) -> dict[str, object]:
    """What the browser says of the grade's page at that width in CSS pixels."""
    # Without its policy, which would stop the probe too: the page must hold by its own escaping.
    page, policies = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", render_html(grade))
    assert policies == 1
    page = page.replace("</body>", f"{PROBE}</body>")
    (folder / "page.html").write_text(page, encoding="utf-8")
    done = subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={width},1000",
            *more,
            "--dump-dom",
            (folder / "page.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    found = re.search(r'data-probe="([^"]*)"', done.stdout)
    assert found is not None, done.stdout[-2000:] + done.stderr[-2000:]
    return dict(json.loads(unescape(found[1])))


@pytest.mark.parametrize("width", [500, 1200])
@pytest.mark.parametrize(
    "grade", [MIXED, GREEN, STOPPED, grade_of(GROWING, WIDE)], ids=["mixed", "green", "stopped", "wide"]
)
def test_the_page_fits_its_window_and_loads_nothing(
    chromium: str, grade: Grade, width: int, tmp_path: Path
) -> None:
    said = probed(chromium, grade, tmp_path, width)
    assert said["overflow"] == 0, "the reader would have to scroll sideways"
    assert said["loaded"] == [], "a report is one file"
    assert said["owned"] is False, "evidence became part of the page"
    headings = said["headings"]
    assert isinstance(headings, list) and grade.title in headings


def test_the_page_turns_dark_with_the_reader(chromium: str, tmp_path: Path) -> None:
    light = probed(chromium, MIXED, tmp_path, 1000)
    dark = probed(chromium, MIXED, tmp_path, 1000, "--blink-settings=preferredColorScheme=0")
    assert light["paper"] != dark["paper"]
    assert light["ink"] != dark["ink"]
