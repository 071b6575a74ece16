"""Requests that ask for another protocol are told apart from those of which httptools read everything."""

from __future__ import annotations

from typing import Protocol

import httptools


class Reader(Protocol):
    def in_plain_http(self, rest: bytes) -> None:
        """A head that asks for another protocol ended; `rest` is what came behind it, which nobody has read."""


class PlainParser(httptools.HttpRequestParser):
    """Where another protocol is asked for (`Upgrade`, CONNECT) httptools reads no body and no request behind it.

    A server that goes on in HTTP/1.1, as it may, would lose the body, or take it for a request if it comes later.
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self._reader = reader

    def feed_data(self, data: bytes) -> None:  # type: ignore[override] # all that a transport hands over
        try:
            super().feed_data(data)
        except httptools.HttpParserUpgrade as asked:
            self._reader.in_plain_http(data[asked.args[0] :])
