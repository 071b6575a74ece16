"""`python -m cli` is `campaigns`."""

from cli.entry import run

run()
