"""Leaves and chooses in a real browser, without JavaScript, as a phone and a window: `python -m tests.browser.forms`.

Needs Debian's `chromium`, or another one named by CHROMIUM; ends with 1 when something is not as it should be. With
AXE=path/to/axe.min.js (axe-core; the wheel of axe-playwright-python has one) each page is looked through by it as well.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.consent import Tracking
from domain.tracking import Kind
from tests.browser.__main__ import browser_found
from tests.browser.driven import Tab, tab
from tests.web.house import ANN, House, path
from web.app import WebOptions
from web.look import Look
from web.server import ServerOptions, listener, server

WIDTHS = ((320, 640, True), (1280, 800, False))  #: a phone, and a window
_TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
_RUNS_SCRIPTS = "document.querySelectorAll('script').length"
_LOADED = (
    "performance.getEntriesByType('resource').map((each) => each.name).filter((each) => !each.endsWith('/favicon.ico'))"
)


@contextmanager
def served(house: House) -> Iterator[str]:
    """Where the house's pages are, of the server that readers get."""
    bound = listener(ServerOptions(port=0))
    serving = server(house.app, ServerOptions(grace_s=1))
    thread = threading.Thread(target=lambda: asyncio.run(serving.serve(sockets=[bound])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        serving.should_exit = True
        thread.join(20)


class Seen:
    """What is wrong with the pages that somebody comes to."""

    def __init__(self, page: Tab, axe: str | None) -> None:
        self._page = page
        self._axe = axe
        self.faults: list[str] = []

    def there(self, name: str) -> None:
        """Look at the page that is there now."""
        self.so(name, "is no wider than the window", not self._page.evaluate(_TOO_WIDE))
        self.so(name, "has no script", self._page.evaluate(_RUNS_SCRIPTS) == 0)
        self.so(name, "loads nothing", self._page.evaluate(_LOADED) == [])
        if self._axe:
            self._page.allow_scripts(allowed=True)  # its own
            self._page.evaluate(self._axe)
            found = self._page.evaluate("axe.run().then((told) => told.violations.map((each) => each.id))")
            self._page.allow_scripts(allowed=False)
            self.so(name, f"axe: {', '.join(found) or 'no violations'}", not found)

    def so(self, name: str, what: str, is_so: bool) -> None:
        print(f"{'ok ' if is_so else 'BAD'} {name}: {what}")
        if not is_so:
            self.faults.append(f"{name}: {what}")


def main() -> int:
    """0 when all is well, 1 otherwise, 2 without a browser."""
    browser, axe = browser_found(), os.environ.get("AXE")
    if browser is None:
        print("There is no browser: apt-get install chromium", file=sys.stderr)
        return 2
    with tab(browser) as page:
        seen = Seen(page, Path(axe).read_text(encoding="utf-8") if axe else None)
        for width, height, mobile in WIDTHS:
            page.resize(width, height, mobile=mobile)
            _leave_by_the_button(page, seen, f"{width} px")
            _choose(page, seen, f"{width} px")
            _leave_by_the_preferences(page, seen, f"{width} px")
    return int(bool(seen.faults))


def _house() -> House:
    return House(look=Look("Green Ltd", "1 Harbour Street"), options=WebOptions(is_https=False))


def _leave_by_the_button(page: Tab, seen: Seen, width: str) -> None:
    house = _house()
    with served(house) as base:
        page.open(base + path(Kind.UNSUBSCRIBE))
        seen.there(f"unsubscribe, {width}")
        seen.so(f"unsubscribe, {width}", "nobody has left by coming", not house.suppressions.stored)
        page.click("button", leads_on=True)
        seen.there(f"unsubscribed, {width}")
    seen.so(f"unsubscribed, {width}", "is stored", [each for each, _ in house.suppressions.stored] == [ANN.contact_id])


def _choose(page: Tab, seen: Seen, width: str) -> None:
    house = _house()
    with served(house) as base:
        page.open(base + path(Kind.PREFERENCES))
        seen.there(f"preferences, {width}")
        page.click("input[name=topic][value=events]")
        page.click("input[name=tracking][value=no]")
        page.click("form:not(.leave) button", leads_on=True)
        seen.there(f"saved, {width}")
        seen.so(f"saved, {width}", "says so", bool(page.evaluate("document.querySelector('[role=status]') !== null")))
    contact = house.contacts.stored[ANN.contact_id]
    seen.so(f"saved, {width}", "the topic is left", contact.left_topics == {"events"})
    seen.so(f"saved, {width}", "tracking is refused", contact.tracking is Tracking.NO)


def _leave_by_the_preferences(page: Tab, seen: Seen, width: str) -> None:
    house = _house()
    with served(house) as base:
        page.open(base + path(Kind.PREFERENCES))
        page.click("form.leave button", leads_on=True)
        seen.there(f"left, {width}")
    seen.so(f"left, {width}", "is stored", [each for each, _ in house.suppressions.stored] == [ANN.contact_id])


if __name__ == "__main__":
    sys.exit(main())
