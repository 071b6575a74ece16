"""Shows the pages that links in mails lead to, as `tests.browser` shows templates: `python -m tests.browser.pages DIR`.

With AXE=path/to/axe.min.js (axe-core; the wheel of axe-playwright-python has one) each is looked through by it as well.
"""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
import sys
import tempfile
from pathlib import Path

from domain.tracking import Kind
from tests.browser.__main__ import browser_found, looked_at, ran
from tests.web.house import House, path
from web.look import Look
from web.words import WORDS

_TELL = """
addEventListener("load", () => axe.run().then((told) => {
  document.body.dataset.told = JSON.stringify(told.violations.map((each) => each.id + ": " + each.help));
}));
"""


async def written() -> dict[str, str]:
    """Each page in each language, and what saving and leaving are answered with."""
    found = {}
    for lang in WORDS:
        house = House(look=Look("Green Ltd", "1 Harbour Street, 21120 Malmo, Sweden", "#0f766e"))
        spoken = {"accept-language": lang}
        found[f"unsubscribe-{lang}"] = (await house.get(path(Kind.UNSUBSCRIBE), **spoken)).text
        found[f"preferences-{lang}"] = (await house.get(path(Kind.PREFERENCES), **spoken)).text
        found[f"saved-{lang}"] = (await house.post(path(Kind.PREFERENCES), b"tracking=no", **spoken)).text
        found[f"unsubscribed-{lang}"] = (await house.post(path(Kind.UNSUBSCRIBE), **spoken)).text
        found[f"left-{lang}"] = (await house.get(path(Kind.PREFERENCES), **spoken)).text
        found[f"nothing-{lang}"] = (await house.get("/nothing", **spoken)).text
    return found


def main(arguments: list[str]) -> int:
    """0 when all fits and nothing is found, 1 otherwise, 2 without a browser."""
    browser, axe = browser_found(), os.environ.get("AXE")
    if browser is None or not arguments:
        print(__doc__ if browser else "There is no browser: apt-get install chromium", file=sys.stderr)
        return 2
    directory = Path(arguments[0])
    directory.mkdir(parents=True, exist_ok=True)
    bad = 0
    for name, text in asyncio.run(written()).items():
        bad |= looked_at(browser, name, text, directory)
        if axe and (violations := _violations(browser, text, Path(axe).read_text(encoding="utf-8"))):
            print(f"{name}: {violations}")
            bad = 1
    return bad


def _violations(browser: str, text: str, axe: str) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "page.html"
        page.write_text(text.replace("</head>", f"<script>{axe}</script><script>{_TELL}</script></head>"), "utf-8")
        found = re.search(r'data-told="([^"]*)"', ran(browser, ["--dump-dom", page.as_uri()]))
    if found is None:
        raise SystemExit("axe said nothing about the page")
    told: list[str] = json.loads(html.unescape(found[1]))
    return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
