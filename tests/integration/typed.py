"""Commands as people type them, in a thread of this process: ten times as fast as in processes of their own."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

import pytest

from cli.entry import run
from tests.integration.whole_way import Ran, World
from tests.quiet_logs import logs_as_before


async def typed(here: World, *arguments: str) -> Ran:
    """`campaigns ARGUMENTS`."""
    return await asyncio.to_thread(_typed, here.environment, arguments)


def _typed(environment: Mapping[str, str], arguments: Sequence[str]) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    with (
        logs_as_before(),
        mock.patch.dict(os.environ, _nothing_confirmed({**environment, "COLUMNS": "400"}), clear=True),
        mock.patch.object(sys, "argv", ["campaigns", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO()),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        run()
    return Ran(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def _nothing_confirmed(environment: Mapping[str, str]) -> dict[str, str]:
    """As somebody's terminal has it, also where whoever runs the tests wants to be asked nothing."""
    everything = {**os.environ, **environment}
    return {name: value for name, value in everything.items() if name not in {"CAMPAIGNS_ASSUME_YES", "CI"}}
