"""What replies mean. Texts are those of real servers; each row names where the meaning comes from."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
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
    # -- said before there was a recipient: of our host, of our sender
    (554, "No", Stage.CONNECT, R.BLOCKED, False),
    (550, "rejected", Stage.MAIL, R.SENDER_REJECTED, False),
    (550, "5.1.1", Stage.MAIL, R.SENDER_REJECTED, False),
    (550, "5.1.1 user unknown", Stage.MAIL, R.SENDER_REJECTED, False),  # our bounce address, checked by a callback
    # -- what a system lacks is no full mailbox (RFC 5321, 4.2.3)
    (452, "4.3.1 Insufficient system storage", Stage.MAIL, R.REMOTE_ERROR, False),
    # -- vendors' own texts
    (550, "Requested action not taken: mailbox unavailable", Stage.RCPT, R.USER_UNKNOWN, True),  # GMX
    (550, "5.7.1 No such user!", Stage.RCPT, R.USER_UNKNOWN, True),  # Yandex: text beats code
    (550, "Mailbox not found. http://service.mail.qq.com/", Stage.RCPT, R.USER_UNKNOWN, True),  # QQ
    (550, "Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550", Stage.RCPT, R.USER_UNKNOWN, True),
    (550, "#5.1.0 Address rejected.", Stage.RCPT, R.USER_UNKNOWN, True),  # Cisco
    (550, "5.2.1 This mailbox has been blocked due to inactivity", Stage.RCPT, R.MAILBOX_DISABLED, True),  # Free
    (554, "Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1", Stage.CONNECT, R.BLOCKED, False),  # Proofpoint
    (550, "permanent failure for one or more recipients (a@b.example:blocked)", Stage.DATA, R.BLOCKED, False),
    (550, "csi.mimecast.org Poor Reputation Sender.", Stage.RCPT, R.BLOCKED, False),
    (554, "5.7.1 [CS01] Message rejected due to local policy.", Stage.DATA, R.POLICY, False),  # Apple
    (550, "5.7.1 [HM08] Message rejected due to local policy.", Stage.DATA, R.POLICY, False),  # Apple
    (550, "Ip frequency limited", Stage.RCPT, R.RATE_LIMITED, False),  # QQ
    (554, "DT:SPM 163 smtp10, please see http://mail.163.com/help/help_spam_16.htm", Stage.DATA, R.SPAM_CONTENT, False),
    (550, "User suspended", Stage.RCPT, R.MAILBOX_DISABLED, True),  # NetEase
    (550, "5.7.515 Access denied, sending domain SHOP.EXAMPLE is below the required authentication level", Stage.DATA, R.AUTH_FAILURE, False),  # noqa: E501
    (451, "4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation.", Stage.MAIL, R.BLOCKED, False),  # noqa: E501
    (550, "5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. part of their network is on our block list (S3140).", Stage.MAIL, R.BLOCKED, False),  # noqa: E501
    (550, "5.2.2 user over quota; cannot receive new mail", Stage.RCPT, R.MAILBOX_FULL, False),  # Apple
    (550, "5.1.1 unknown or illegal alias: a@b.example", Stage.RCPT, R.USER_UNKNOWN, True),  # Oracle
    (550, "5.4.5 Daily user sending limit exceeded", Stage.DATA, R.RATE_LIMITED, False),  # Google
    (452, "4.5.3 Too many recipients", Stage.RCPT, R.RATE_LIMITED, False),
    (550, "5.7.23 The message was rejected because of Sender Policy Framework violation", Stage.DATA, R.AUTH_FAILURE, False),  # noqa: E501
    (554, "Message rejected: Email address is not verified.", Stage.DATA, R.SENDER_REJECTED, False),  # Amazon SES
    (451, "4.7.500 Server busy. Please try again later", Stage.CONNECT, R.RATE_LIMITED, False),  # Microsoft
    (552, "5.7.0 Our system detected an illegal attachment on your message", Stage.DATA, R.POLICY, False),  # Google
    (550, "5.7.1 This message does not have authentication information or fails to pass authentication checks", Stage.DATA, R.AUTH_FAILURE, False),  # noqa: E501
    (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", Stage.RCPT, R.USER_UNKNOWN, True),  # noqa: E501
    (550, "5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required", Stage.RCPT, R.RECIPIENT_REJECTED, False),  # noqa: E501
    (550, "5.0.350 Remote server returned an error -> 550 permanent failure: virus found", Stage.DATA, R.VIRUS_CONTENT, False),  # noqa: E501
    (451, "Temporary local problem - please try later", Stage.RCPT, R.REMOTE_ERROR, False),  # Exim
    (454, "4.7.0 TLS not available due to local problem", Stage.MAIL, R.TLS_FAILURE, False),
    (530, "5.7.0 Must issue a STARTTLS command first", Stage.MAIL, R.TLS_FAILURE, False),
    (550, "Callback setup failed while verifying <b@shop.example>", Stage.RCPT, R.SENDER_REJECTED, False),  # Exim
    (550, "Verification failed for <b@shop.example>. Sender verify failed", Stage.RCPT, R.SENDER_REJECTED, False),
    (550, "5.1.1 The user does not exist, or never existed", Stage.RCPT, R.USER_UNKNOWN, True),
    (550, "Recipient unknown", Stage.RCPT, R.USER_UNKNOWN, True),
    (550, "No Such User Here\"", Stage.RCPT, R.USER_UNKNOWN, True),  # cPanel
    (550, "sorry, that recipient is not in my validrcptto list (#5.1.1)", Stage.RCPT, R.USER_UNKNOWN, True),
    (511, "sorry, no mailbox here by that name (#5.1.1 - chkuser)", Stage.RCPT, R.USER_UNKNOWN, True),
    (553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", Stage.RCPT, R.POLICY, False),  # qmail
    (550, "5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]", Stage.RCPT, R.USER_UNKNOWN, True),  # noqa: E501
    (550, "5.5.1 Recipient rejected - ERROR: mailbox for a@b.example is inactive", Stage.RCPT, R.MAILBOX_DISABLED, True),  # noqa: E501
    (450, "4.2.2 <a@b.example>: Recipient address rejected: mailbox is full", Stage.RCPT, R.MAILBOX_FULL, False),
    (550, "5.7.1 Relaying denied. Proper authentication required.", Stage.RCPT, R.POLICY, False),
    (550, "5.7.1 <a@b.example>: Recipient address rejected: Please see http://www.openspf.net/Why?s=mfrom", Stage.RCPT, R.AUTH_FAILURE, False),  # noqa: E501
    (571, "Delivery not authorized, message refused", Stage.DATA, R.POLICY, False),
    (550, "Administrative prohibition", Stage.RCPT, R.POLICY, False),  # Exim
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


@settings(deadline=None)  # the first one reads the rules
@given(st.integers(200, 599), st.text(max_size=3000), st.sampled_from(Stage))
def test_no_reply_breaks_the_verdict(code: int, text: str, stage: Stage) -> None:
    assert verdict(Reply(code, text, stage)).reason in Reason


def test_the_rule_that_decided_holds_nothing_of_the_text() -> None:
    found = verdict(Reply(550, "5.1.1 ann@example.com: user ann unknown"))
    assert "ann" not in found.rule


def test_a_hostile_text_costs_no_time() -> None:
    hostile = Reply(550, "user " * 10_000 + "mailbox " * 10_000)
    verdict(hostile)  # the first one reads the rules
    begun = time.process_time()
    verdict(hostile)
    assert time.process_time() - begun < 0.25
