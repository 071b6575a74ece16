"""The scores that are required, over labelled bounces that lie beside the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
LABELLED = ROOT.parent / "shared" / "bounces"
SCORING = "tests.domain.classification.bounce_scoring"

pytestmark = pytest.mark.skipif(not LABELLED.is_dir(), reason="../shared/bounces is not beside the checkout")


def _scored(program: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, str(LABELLED / program), *arguments]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
    scored: dict[str, Any] = json.loads(printed)
    return scored


def test_labelled_mails_are_told_well_enough() -> None:
    scored = _scored("score_bounces.py", f"{SCORING}:mail")
    required = {
        "detect_pct": 98.5,
        "recipient_pct": 97,
        "kind_lenient_pct": 95,
        "hard_precision": 97,
        "hard_recall": 93,
        "reason_canon_pct": 84,
    }
    assert {name: scored[name] for name, least in required.items() if scored[name] < least} == {}
    assert (scored["exceptions"], scored["negatives_wrong"]) == (0, 0)


def test_labelled_replies_are_told_well_enough() -> None:
    scored = _scored("score_replies.py", f"{SCORING}:reply")
    required = {"kind_lenient": 97, "hard_precision": 98, "reason_canon": 85}
    assert {name: scored[name] for name, least in required.items() if scored[name] < least} == {}
