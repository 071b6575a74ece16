"""Shows each template as a phone and a window have it, light and dark: `python -m tests.browser DIRECTORY [TEMPLATE]`.

Needs Debian's `chromium`, or another one named by CHROMIUM. Writes TEMPLATE.png (320 and 700 pixels wide, side by side)
and TEMPLATE-dark.png, to be looked at, and ends with 1 when something is wider than its window.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from domain.predesigned import predesigned, predesigned_templates
from domain.template import compiled
from tests.sample_values import SAMPLE_VALUES

WIDTHS = (320, 700)  #: pixels: the narrowest phone in use, and a window with the template at its full width
_GAP = 24
_QUIET = "--no-sandbox --disable-gpu --hide-scrollbars --disable-background-networking --disable-component-update"
_FLAGS = [*_QUIET.split(), "--disable-sync", "--no-first-run", "--disable-quic", "--virtual-time-budget=3000"]
_DARK = ["--blink-settings=preferredColorScheme=0"]
#: Tells, once all frames are there, how high each is and what stands out of it on the right.
_MEASURE = """
addEventListener("load", () => {
  const told = [...document.querySelectorAll("iframe")].map((frame) => {
    const page = frame.contentDocument, wide = [...page.body.querySelectorAll("*")].filter(
      (each) => each.getBoundingClientRect().right > frame.clientWidth + 1);
    return {width: frame.clientWidth, height: page.documentElement.scrollHeight,
            wider: wide.map((each) => each.tagName + " " + each.textContent.trim().slice(0, 30))};
  });
  document.body.dataset.told = JSON.stringify(told);
});
"""


def main(arguments: list[str]) -> int:
    """0 when all fits, 1 when something is too wide, 2 without a browser."""
    browser = browser_found()
    if browser is None or not arguments:
        print(__doc__ if browser else "There is no browser: apt-get install chromium", file=sys.stderr)
        return 2
    directory = Path(arguments[0])
    directory.mkdir(parents=True, exist_ok=True)
    names = arguments[1:] or [name for name in predesigned_templates() if predesigned(name).source().html]
    return max([looked_at(browser, name, _written(name), directory) for name in names])


def browser_found() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def _written(name: str) -> str:
    return compiled(predesigned(name).source()).render(SAMPLE_VALUES).html or ""


def looked_at(browser: str, name: str, written: str, directory: Path) -> int:
    """1 when something of what is written is wider than its window."""
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "page.html"
        page.write_text(_side_by_side(written, height=100), encoding="utf-8")
        told = _measured(ran(browser, ["--dump-dom", page.as_uri()]))
        height = max(each["height"] for each in told)
        page.write_text(_side_by_side(written, height=height), encoding="utf-8")
        size = f"--window-size={sum(WIDTHS) + 3 * _GAP},{height + 2 * _GAP}"
        for suffix, flags in (("", []), ("-dark", _DARK)):
            picture = directory / f"{name}{suffix}.png"
            ran(browser, [*flags, size, f"--screenshot={picture.absolute()}", page.as_uri()])
    for each in told:
        print(f"{name:18} {each['width']:4} px wide, {each['height']:5} high, too wide: {each['wider'] or 'nothing'}")
    return int(any(each["wider"] for each in told))


def _side_by_side(written: str, *, height: int) -> str:
    frames = "".join(
        f'<iframe width="{width}" height="{height}" srcdoc="{html.escape(written)}"></iframe>' for width in WIDTHS
    )
    style = f"body{{margin:{_GAP}px;display:flex;gap:{_GAP}px;background:#999}}iframe{{border:0;flex:none}}"
    return (
        f'<!doctype html><meta charset="utf-8"><style>{style}</style><script>{_MEASURE}</script><body>{frames}</body>'
    )


def _measured(dom: str) -> list[dict[str, int]]:
    found = re.search(r'data-told="([^"]*)"', dom)
    if found is None:
        raise SystemExit("the browser said nothing about the page")
    told: list[dict[str, int]] = json.loads(html.unescape(found[1]))
    return told


def ran(browser: str, arguments: list[str]) -> str:
    ran = subprocess.run(
        [browser, "--headless=new", *_FLAGS, *arguments], capture_output=True, text=True, timeout=120, check=True
    )
    return ran.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
