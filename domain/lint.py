"""Our own look at a campaign's content: no server, no network, under 5 ms for a mail of 10 kB (R59, R60, D8).

It reads what one sample person would get. Phrases are scored; everything else is a rule that holds or does not.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from domain.findings import Finding, ReviewRule, Severity
from domain.lint_page import Page, page_of
from domain.sender_domain import public_mail_domain

CLIP_BYTES = 102_400  # Gmail hides what follows (github.com/hteumeuleu/email-bugs/issues/41)
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"  # spamassassin.apache.org/gtube
#: Sums of points. Ours is stricter than SpamAssassin on pushy wording, so it blocks late (deliverability.md 4).
WARN_FROM, BLOCK_FROM = 3.0, 8.0
SHORTENERS = frozenset(
    {"bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly", "t.ly", "tiny.cc"}
    | {"shorturl.at", "rb.gy"}
)
_PHRASES = tuple(
    (re.compile(pattern), points)
    for pattern, points in (
        (r"100% (?:free|risk.?free|satisfied|guarantee)", 1.0),
        (r"\bact now\b", 0.6),
        (r"limited time offer", 0.5),
        (r"click here( now)?\b", 0.3),
        (r"\bviagra\b|\bcialis\b|\bxanax\b", 3.0),
        (r"lose weight", 1.0),
        (r"work from home", 1.0),
        (r"(?:double|extra) (?:your )?income|earn \$?\d", 1.2),
        (r"no (?:credit check|obligation|prescription|experience)", 0.8),
        (r"money.?back", 0.4),
        (r"you(?:'| ha)?ve (?:been selected|won)|\bwinner\b", 1.2),
        (r"million (?:us |united states )?dollars|us\$ ?[\d.]+ ?million", 2.5),
        (r"deceased (?:client|customer)|next of kin|barrister", 2.0),
        (r"bank account (?:number|details)|wire transfer", 1.2),
        (r"this is not spam", 1.5),
        (r"dear friend", 1.0),
        (r"free (?:gift|access|money|trial)", 0.5),
        (r"cash bonus|order now|buy now", 0.4),
        (r"casino|payday loan|crypto ?giveaway|\blottery\b", 1.5),
        (r"verify your (?:account|identity|password)|account (?:has been|was) suspended|unusual activity", 2.0),
        (r"your (?:password|card number|credit card)|within (?:24|48) hours", 0.8),
        (r"guaranteed (?:profit|income|returns?)|twice as much back|double your (?:bitcoin|money)", 2.0),
        (r"keep (?:it|this) (?:strictly )?confidential|\bbeneficiary\b|transfer fee", 1.2),
        (r"doctors hate|miracle (?:that|cure|pill)|burns? fat|while you sleep", 1.2),
        (r"be your own boss|pre-?approved|bad credit|free spins", 1.2),
        (r"claim (?:it|(?:the|your) prize)|no risk\b|lowest price on the (?:internet|web)|pills for free", 0.8),
    )
)
_NO_REPLY = re.compile(r"(?:no|do.?not).?reply", re.IGNORECASE)
_FAKE_REPLY = re.compile(r"\s*(?:re|fwd?|aw|wg)\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sample:
    """One rendered email and what is needed to judge it."""

    subject: str
    html: str | None
    text: str
    sender_address: str
    unsubscribe_url: str  #: as this sample has it
    organisation_postal_address: str
    organisation_name: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for. `broken` says what is wrong, once per place, and nothing when all is well."""

    id: str
    severity: Severity
    place: str
    fix: str
    broken: Callable[["Sample", Page], Iterable[str]]


def lint(sample: Sample, *, warn_from: float = WARN_FROM, block_from: float = BLOCK_FROM) -> tuple[Finding, ...]:
    """Everything wrong with the sample, errors first; the wording from these points on."""
    page = page_of(sample.html or "")
    findings = [
        Finding(rule.id, rule.severity, rule.place, text, rule.fix)
        for rule in RULES
        for text in rule.broken(sample, page)
    ]
    findings += _wording(sample, page, warn_from, block_from)
    return tuple(sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR))


def _no_unsubscribe(sample: Sample, page: Page) -> Iterator[str]:
    if sample.html is not None and sample.unsubscribe_url not in page.hrefs:
        yield "the HTML has no unsubscribe link"
    if sample.text.strip() and sample.unsubscribe_url not in sample.text:
        yield "the text part has no unsubscribe link"


def _no_postal_address(sample: Sample, page: Page) -> Iterator[str]:
    wanted = _squeezed(sample.organisation_postal_address)
    if not wanted:
        yield "no postal address is known for the organisation"
    elif sample.html is not None and wanted not in _squeezed(page.text):
        yield "the HTML does not show the organisation's postal address"
    elif sample.text.strip() and wanted not in _squeezed(sample.text):
        yield "the text part does not show the organisation's postal address"


def _public_sender(sample: Sample, _: Page) -> Iterator[str]:
    service = public_mail_domain(sample.sender_address)
    if service is not None:
        yield f"the sender's address belongs to {service}, a public mail service"


def _no_reply_sender(sample: Sample, _: Page) -> Iterator[str]:
    if _NO_REPLY.search(sample.sender_address.partition("@")[0]):
        yield "the sender's address tells people not to answer"


def _empty_subject(sample: Sample, _: Page) -> Iterator[str]:
    if not sample.subject.strip():
        yield "the subject is empty"


def _fake_reply(sample: Sample, _: Page) -> Iterator[str]:
    if _FAKE_REPLY.match(sample.subject):
        yield "the subject pretends that this is an answer or was passed on"


def _subject_capitals(sample: Sample, _: Page) -> Iterator[str]:
    letters = [char for char in sample.subject if char.isalpha()]
    if len(letters) > 7 and sum(char.isupper() for char in letters) > 0.7 * len(letters):
        yield "the subject is written in capitals"


def _subject_exclamations(sample: Sample, _: Page) -> Iterator[str]:
    if sample.subject.count("!") > 1:
        yield "the subject has several exclamation marks"


def _active_content(_: Sample, page: Page) -> Iterator[str]:
    for what in sorted(page.active):
        yield f"the HTML has {what}"


def _script_link(_: Sample, page: Page) -> Iterator[str]:
    if any(re.match(r"\s*(?:java|vb)script\s*:", href, re.IGNORECASE) for href in page.hrefs):
        yield "a link runs a script"


def _gtube(sample: Sample, page: Page) -> Iterator[str]:
    if GTUBE in sample.subject or GTUBE in page.text or GTUBE in sample.text:
        yield "the content holds GTUBE, the text that every spam filter refuses for testing"


def _shortener(_: Sample, page: Page) -> Iterator[str]:
    for host in sorted({_host(href) for href in page.hrefs} & SHORTENERS):
        yield f"a link hides its target behind {host}"


def _bare_ip(_: Sample, page: Page) -> Iterator[str]:
    if any(re.fullmatch(r"[\d.]+|[\da-f:]*:[\da-f:]*", _host(href)) for href in page.hrefs):
        yield "a link goes to an IP address instead of a name"


def _other_target(_: Sample, page: Page) -> Iterator[str]:
    for href, label in page.labelled_links:
        named = re.match(r"(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?:[/?#]\S*)?$", label.strip().lower())
        host = _host(href).removeprefix("www.")
        if named and host and not _same_site(named[1].removeprefix("www."), host):
            yield f"a link shows {named[1]} and goes to {host}"


def _no_alt(_: Sample, page: Page) -> Iterator[str]:
    if page.images_without_alt:
        yield f"{page.images_without_alt} of {page.images} images have no alternative text"


def _only_images(sample: Sample, page: Page) -> Iterator[str]:
    if sample.html is not None and page.images and len(page.text.strip()) < 100:
        yield "the HTML is almost nothing but images"


def _no_language(sample: Sample, page: Page) -> Iterator[str]:
    if sample.html is not None and not page.language:
        yield "the HTML does not say what language it is in"


def _clipped(sample: Sample, _: Page) -> Iterator[str]:
    size_bytes = len((sample.html or "").encode("utf-8", "replace"))
    if size_bytes > CLIP_BYTES:
        yield f"the HTML has {size_bytes // 1024} kB, and Gmail shows 100 kB"


def _no_text_part(sample: Sample, page: Page) -> Iterator[str]:
    if page.text.strip() and not sample.text.strip():
        yield "there is no text part, and none could be derived from the HTML"


def _no_words(sample: Sample, page: Page) -> Iterator[str]:
    """What we add ourselves are no words of the email; pictures are another rule's."""
    if page.images:
        return
    ours = (sample.organisation_postal_address, sample.organisation_name, sample.unsubscribe_url, "unsubscribe")
    if not any(_beside(ours, text) for text in (page.text, sample.text)):
        yield "there is nothing to read, but for the footer"


def _beside(ours: tuple[str, ...], text: str) -> str:
    """Letters and digits of a text that stand in none of these."""
    left = _squeezed(text)
    for each in ours:
        left = left.replace(_squeezed(each), "")
    return left


_E, _W = Severity.ERROR, Severity.WARNING
RULES = (
    Rule("no-unsubscribe-link", _E, "content", "Put a link to {{ unsubscribe_url }} into it.", _no_unsubscribe),
    Rule(
        "no-postal-address",
        _E,
        "content",
        "Put {{ organisation_postal_address }} into the footer; the company details hold the address.",
        _no_postal_address,
    ),
    Rule("public-sender-domain", _E, "sender", "Send from a domain of your own.", _public_sender),
    Rule("empty-subject", _E, "subject", "Write a subject.", _empty_subject),
    Rule("no-words", _E, "content", "Write a text.", _no_words),
    Rule("active-content", _E, "html", "Take it out: mail programs refuse or remove it.", _active_content),
    Rule("script-link", _E, "html", "Link to a web page.", _script_link),
    Rule("gtube", _E, "content", "Take it out.", _gtube),
    Rule("fake-reply", _W, "subject", "Begin with what the email is about.", _fake_reply),
    Rule("subject-capitals", _W, "subject", "Write it as you would write a sentence.", _subject_capitals),
    Rule("subject-exclamations", _W, "subject", "One is enough.", _subject_exclamations),
    Rule("link-shortener", _W, "html", "Link to the page itself.", _shortener),
    Rule("bare-ip-link", _W, "html", "Link to a name.", _bare_ip),
    Rule("misleading-link", _W, "html", "Show words, or the address that the link goes to.", _other_target),
    Rule("missing-alt", _W, "html", 'Describe each image in alt; alt="" for decoration.', _no_alt),
    Rule("only-images", _W, "html", "Say in words what the images show.", _only_images),
    Rule("missing-language", _W, "html", 'Write <html lang="en">, or whatever it is.', _no_language),
    Rule("clipped", _W, "html", "Shorten it: the unsubscribe link is what gets lost.", _clipped),
    Rule("missing-text-part", _W, "text", "Write a text part: some people read nothing else.", _no_text_part),
    Rule("no-reply-sender", _W, "sender", "Send from an address that somebody reads.", _no_reply_sender),
)

SPAM_WORDING = ReviewRule("spam-wording", _E, "content", "Say it in your own words.", scored=True)


def _wording(sample: Sample, page: Page, warn_from: float, block_from: float) -> list[Finding]:
    """One finding for all phrases together: each of them alone is harmless."""
    words = f"{sample.subject}\n{page.text}\n{sample.text}".lower()
    found = {match[0]: points for pattern, points in _PHRASES for match in pattern.finditer(words)}
    score = round(sum(found.values()) + 0.7 * ("!!!" in words), 1)
    if score < warn_from:
        return []
    phrases = ", ".join(f"“{phrase}”" for phrase, _ in sorted(found.items(), key=lambda entry: -entry[1])[:5])
    severity = Severity.ERROR if score >= block_from else Severity.WARNING
    text = f"the wording reads like spam, {score} points (warning from {warn_from}, error from {block_from}): {phrases}"
    return [Finding(SPAM_WORDING.id, severity, SPAM_WORDING.place, text, SPAM_WORDING.fix)]


def _squeezed(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())


def _host(url: str) -> str:
    try:
        return (urlsplit(url.strip()).hostname or "").lower()
    except ValueError:
        return ""


def _same_site(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
