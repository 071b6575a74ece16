"""What replies mean. Texts are those of real servers; each row names where the meaning comes from."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.smtp_reply import Reason, Reply, Stage, is_dead, verdict

R = Reason
TABLE = [
    # code, text, stage, reason, dead
    # -- the address is dead: X.1.1 and kin (IANA enhanced status codes), or words to that effect
    # Postfix
    (550, "5.1.1 <x>: Recipient address rejected: User unknown in virtual mailbox table", Stage.RCPT, R.USER_UNKNOWN, True),  # noqa: E501
    (550, "5.1.1 The email account that you tried to reach does not exist", Stage.RCPT, R.USER_UNKNOWN, True),  # Gmail
    # Microsoft
    (550, "5.4.1 Recipient address rejected: Access denied. AS(201806281)", Stage.RCPT, R.USER_UNKNOWN, True),
    (554, "5.1.1", Stage.DATA, R.USER_UNKNOWN, True),
    (550, "No such user here", Stage.RCPT, R.USER_UNKNOWN, True),  # Exim
    (550, "5.1.6 recipient no longer on server", Stage.RCPT, R.MOVED, True),  # IANA X.1.6
    (550, "5.2.1 The email account that you tried to reach is disabled", Stage.RCPT, R.MAILBOX_DISABLED, True),  # Gmail
    (554, "5.7.13 User account suspended", Stage.RCPT, R.MAILBOX_DISABLED, True),  # IANA X.7.13
    (550, "5.1.2 Host or domain name not found", Stage.RCPT, R.HOST_UNKNOWN, True),
    (556, "5.1.10 Recipient address has null MX", Stage.RCPT, R.NO_MAIL_HOST, True),  # RFC 7505
    (521, "", Stage.RCPT, R.NO_MAIL_HOST, True),  # RFC 7504
    # -- the same for now: a greylist or a mistake may say so
    (450, "4.1.1 <x>: Recipient address rejected: unverified address: User unknown", Stage.RCPT, R.USER_UNKNOWN, False),
    # -- text beats code: full mailboxes under 5.1.1 (classification.md, 5)
    (550, "5.1.1 Mailbox full", Stage.RCPT, R.MAILBOX_FULL, False),
    (552, "5.2.2 The email account that you tried to reach is over quota", Stage.RCPT, R.MAILBOX_FULL, False),  # Gmail
    (452, "4.2.2 The recipient's inbox is out of storage space", Stage.RCPT, R.MAILBOX_FULL, False),  # Gmail
    (550, "5.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery", Stage.RCPT, R.RATE_LIMITED, False),  # noqa: E501
    # -- a bare code is no proof
    (550, "rejected", Stage.RCPT, R.RECIPIENT_REJECTED, False),
    (550, "rejected", Stage.DATA, R.UNKNOWN, False),
    (571, "", Stage.DATA, R.UNKNOWN, False),
    # -- passing
    # postgrey
    (450, "4.2.0 <x>: Recipient address rejected: Greylisted, see http://postgrey", Stage.RCPT, R.RATE_LIMITED, False),
    (451, "4.7.1 Please try again later", Stage.RCPT, R.RATE_LIMITED, False),
    (421, "4.3.2 closing", Stage.DATA, R.RATE_LIMITED, False),
    (432, "4.3.2 STOREDRV; mailbox server is offline", Stage.DATA, R.RATE_LIMITED, False),
    (451, "4.3.0 internal error", Stage.DATA, R.REMOTE_ERROR, False),
    (451, "4.4.2 the connection broke at this mail, twice", Stage.DATA, R.NETWORK_ERROR, False),
    # -- our side's fault, never the recipient's (D13)
    # Gmail
    (550, "5.7.26 Unauthenticated email from shop.example is not accepted due to domain's DMARC policy", Stage.DATA, R.AUTH_FAILURE, False),  # noqa: E501
    (550, "5.1.8 <x>: Sender address rejected: Domain not found", Stage.RCPT, R.SENDER_REJECTED, False),  # Postfix
    # Postfix
    (450, "4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]", Stage.RCPT, R.BLOCKED, False),
    # Postfix
    (504, "5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", Stage.RCPT, R.BLOCKED, False),
    (554, "5.7.1 Relay access denied", Stage.RCPT, R.POLICY, False),  # Postfix
    (554, "5.7.1 Message rejected as spam by content filtering", Stage.DATA, R.SPAM_CONTENT, False),
    (554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Stage.RCPT, R.BLOCKED, False),  # noqa: E501
    (550, "5.7.1 Infected with a virus", Stage.DATA, R.VIRUS_CONTENT, False),
    (552, "5.3.4 Message size exceeds fixed limit", Stage.MAIL, R.MESSAGE_TOO_BIG, False),  # Postfix
    (553, "5.6.7 the relay does not offer SMTPUTF8, which this mail needs", Stage.RCPT, R.CONTENT_ERROR, False),  # ours
    (503, "5.5.1 Error: need MAIL command", Stage.RCPT, R.PROTOCOL_ERROR, False),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text", "stage", "reason", "dead"), TABLE)
def test_a_reply_says_why_and_whether_the_address_is_dead(
    code: int, text: str, stage: Stage, reason: Reason, dead: bool
) -> None:
    reply = Reply(code, text, stage)
    assert (verdict(reply).reason, is_dead(reply)) == (reason, dead)


@pytest.mark.parametrize(
    ("text", "enhanced"),
    [
        ("5.1.1 no such user", "5.1.1"),
        ("sorry (#5.1.1 - chkusr)", "5.1.1"),
        ("[192.0.2.1] 4.7.650 busy", "4.7.650"),
        ("from 5.1.1.7 refused", None),
        ("our version 15.1.1 is old", None),
        ("", None),
    ],
)
def test_the_enhanced_code_is_found_and_addresses_are_not_taken_for_one(text: str, enhanced: str | None) -> None:
    assert Reply(550, text).enhanced == enhanced


@given(st.integers(200, 599), st.text(max_size=3000), st.sampled_from(Stage))
def test_no_reply_breaks_the_verdict(code: int, text: str, stage: Stage) -> None:
    assert verdict(Reply(code, text, stage)).reason in Reason


def test_the_rule_that_decided_holds_nothing_of_the_text() -> None:
    found = verdict(Reply(550, "5.1.1 ann@example.com: user ann unknown"))
    assert "ann" not in found.rule


def test_a_hostile_text_costs_no_time() -> None:
    begun = time.perf_counter()
    verdict(Reply(550, "user " * 10_000 + "mailbox " * 10_000))
    assert time.perf_counter() - begun < 0.05
