"""`python -m cli` is `campaigns`."""

from cli.main import run

run()
