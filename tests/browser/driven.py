"""A Chromium that is told what to do through a pipe (Chrome DevTools Protocol): no driver and no library between."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

_QUIET = "--headless=new --no-sandbox --disable-gpu --hide-scrollbars --disable-background-networking"
_FLAGS = [*_QUIET.split(), "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic"]
_READ_FD, _WRITE_FD = 3, 4  #: where it reads and writes with --remote-debugging-pipe
_FREE_FD = 10
_END = b"\0"
#: Where something is on the page, in the middle of the window.
_PLACE = """(() => {
  const found = document.querySelector(%s);
  found.scrollIntoView({block: "center"});
  const box = found.getBoundingClientRect();
  return {x: box.x + box.width / 2, y: box.y + box.height / 2};
})()"""


class Tab:
    """One page, without scripts of its own."""

    def __init__(self, told: IO[bytes], says: IO[bytes]) -> None:
        self._told = told
        self._says = says
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self._events: list[dict[str, Any]] = []  #: that nobody waited for yet
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")
        self.allow_scripts(allowed=False)

    def allow_scripts(self, *, allowed: bool) -> None:
        self._call("Emulation.setScriptExecutionDisabled", value=not allowed)

    def resize(self, width: int, height: int, *, mobile: bool) -> None:
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def open(self, url: str) -> None:
        """Return when it is there."""
        self._call("Page.navigate", url=url)
        self._until("Page.loadEventFired")

    def click(self, selector: str, *, leads_on: bool = False) -> None:
        """As a person does, with the mouse; return when the page that it leads to is there."""
        place = self.evaluate(_PLACE % json.dumps(selector))
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)
        if leads_on:
            self._until("Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:
        told = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise RuntimeError(told["exceptionDetails"]["exception"].get("description", expression[:100]))
        return told["result"].get("value")

    def _call(self, method: str, **given: Any) -> dict[str, Any]:
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        self._told.write(json.dumps({"id": number, "method": method, "params": given, **session}).encode() + _END)
        self._told.flush()
        while True:
            said = self._said()
            if said.get("id") == number:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']['message']}")
                return dict(said["result"])
            self._events.append(said)

    def _until(self, event: str) -> None:
        while True:
            said = self._events.pop(0) if self._events else self._said()
            if said.get("method") == event:
                return

    def _said(self) -> dict[str, Any]:
        said = b""
        while not said.endswith(_END):
            more = self._says.read(1)
            if not more:
                raise RuntimeError("the browser went away")
            said += more
        return dict(json.loads(said[:-1]))


@contextmanager
def tab(browser: str) -> Iterator[Tab]:
    """A page of a browser that knows nothing of anybody, and is gone afterwards."""
    child_reads, told = os.pipe()
    says, child_writes = os.pipe()
    theirs = [fcntl.fcntl(each, fcntl.F_DUPFD, _FREE_FD) for each in (child_reads, child_writes)]

    def placed() -> None:
        os.dup2(theirs[0], _READ_FD)
        os.dup2(theirs[1], _WRITE_FD)

    with _scratch() as profile, os.fdopen(told, "wb") as to, os.fdopen(says, "rb") as from_:
        process = subprocess.Popen(
            [browser, *_FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(_READ_FD, _WRITE_FD),
            preexec_fn=placed,
        )
        for each in (child_reads, child_writes, *theirs):
            os.close(each)
        try:
            yield Tab(to, from_)
        finally:
            process.terminate()
            process.wait(20)


def _scratch() -> tempfile.TemporaryDirectory[str]:
    """Its helpers may write a little longer than it lives."""
    return tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
