"""What DNS says about the sender's domain: SPF, DKIM, DMARC, and whether they speak of the same domain (D8).

Only what DNS said counts: a name that was not answered makes one finding that never blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from domain.dkim_key import DkimKey, DkimKeys
from domain.dmarc import dmarc_of, governing, is_known, organisation_of, record_name, walk
from domain.dns_texts import Known, Texts, tags
from domain.findings import Finding, ReviewRule, Severity
from domain.spf import MOST_LOOKUPS, spf

_E, _W = Severity.ERROR, Severity.WARNING
_S = "sender"

SPF_MISSING = ReviewRule("spf-missing", _W, _S, "Publish one that names the servers of your relay, ending in ~all.")
SPF_BROKEN = ReviewRule("spf-broken", _W, _S, "Mend it: receivers can make nothing of the whole record.")
SPF_OPEN = ReviewRule("spf-open", _E, _S, "End it in ~all or -all: now the whole world may send as you.")
SPF_LOOKUPS = ReviewRule("spf-too-many-lookups", _W, _S, "Take out includes that nobody needs: receivers stop at 10.")
SPF_UNALIGNED = ReviewRule(
    "spf-unaligned", _W, _S, "Set CAMPAIGNS_WEB__BOUNCE_DOMAIN to a name below the sender's domain, or leave it empty."
)
DKIM_MISSING = ReviewRule("dkim-not-published", _E, _S, "Publish it: `campaigns dkim show DOMAIN` says what.")
DKIM_DIFFERS = ReviewRule(
    "dkim-key-differs", _E, _S, "Publish ours in its place: `campaigns dkim show DOMAIN` says what."
)
DKIM_TESTING = ReviewRule("dkim-testing", _W, _S, "Take t=y out of the record: receivers count nothing of it.")
DMARC_MISSING = ReviewRule("dmarc-missing", _E, _S, 'Publish a TXT record, "v=DMARC1; p=none; rua=mailto:…" at least.')
DMARC_UNALIGNED = ReviewRule(
    "dmarc-unaligned", _E, _S, "Make a DKIM key of the sender's domain: `campaigns dkim generate DOMAIN`."
)
DNS_UNKNOWN = ReviewRule("sender-dns-unknown", Severity.UNKNOWN, _S, "Review again when DNS answers, or look yourself.")
SAMPLE_SENDER = ReviewRule("sample-sender-domain", _W, _S, "Send from a domain of your own.")
RULES = (
    SPF_MISSING, SPF_BROKEN, SPF_OPEN, SPF_LOOKUPS, SPF_UNALIGNED, DKIM_MISSING, DKIM_DIFFERS, DKIM_TESTING,
    DMARC_MISSING, DMARC_UNALIGNED, DNS_UNKNOWN, SAMPLE_SENDER,
)  # fmt: skip
#: Names that are nobody's (RFC 2606, RFC 6761).
_RESERVED = re.compile(r"(?:.*\.)?(?:example(?:\.com|\.net|\.org)?|invalid|test|localhost|local)")


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom a campaign's mails go out; domains in ASCII and lower case."""

    domain: str  #: of From
    bounce_domain: str  #: of the envelope sender
    key: DkimKey | None  #: what we sign with
    relay_signs: bool = False  #: with which domain is not known to us

    @property
    def reserved(self) -> bool:
        """Whether nobody can have the domain, so that nobody need ask."""
        return _RESERVED.fullmatch(self.domain) is not None or "." not in self.domain


def identity_of(domain: str, bounce_domain: str | None, dkim: DkimKeys) -> Identity:
    return Identity(domain, (bounce_domain or domain).lower(), dkim.of(domain), dkim.relay_signs)


def names_wanted(sender: Identity, answers: Mapping[str, Texts]) -> frozenset[str]:
    """Names whose TXT records have to be asked for, given these answers. Ask until there are none: a few rounds."""
    if sender.reserved:
        return frozenset()
    walks = chain(walk(sender.domain), walk(sender.bounce_domain))
    wanted = {record_name(each) for each in walks} | spf(sender.bounce_domain, Known(answers)).wanted
    if sender.key is not None:
        wanted.add(sender.key.name.record)
    return frozenset(wanted - answers.keys())


def sender_findings(sender: Identity, answers: Mapping[str, Texts]) -> tuple[Finding, ...]:
    """Everything wrong with the sender's domain."""
    if sender.reserved:
        return (SAMPLE_SENDER.finding(f"{sender.domain} is a name for examples: servers refuse mail from it"),)
    known = Known(answers)
    return (*_spf(sender, known), *_dkim(sender, known), *_dmarc(sender, known), *_unknown(sender, known))


def _spf(sender: Identity, known: Known) -> Iterator[Finding]:
    domain, found = sender.bounce_domain, spf(sender.bounce_domain, known)
    if found.missing:
        yield SPF_MISSING.finding(f"{domain} has no SPF record")
    if found.broken:
        yield SPF_BROKEN.finding(f"the SPF record of {domain} is broken: {'; '.join(found.broken)}")
    if found.open:
        yield SPF_OPEN.finding(f"the SPF record of {domain} lets everybody pass")
    if found.lookups > MOST_LOOKUPS:
        yield SPF_LOOKUPS.finding(f"the SPF record of {domain} takes more than {MOST_LOOKUPS} look-ups in DNS")


def _dkim(sender: Identity, known: Known) -> Iterator[Finding]:
    if sender.key is None:
        return
    name = sender.key.name.record
    answer = known.of(name)
    if not answer.known:
        return
    keys = [tags(text) for text in answer.texts if "p" in tags(text)]
    if not keys:
        yield DKIM_MISSING.finding(f"there is no DKIM key at {name}, with which we sign")
    elif len(keys) > 1 or not _is_ours(keys[0], sender.key):
        yield DKIM_DIFFERS.finding(f"the DKIM key at {name} is not the one with which we sign: no signature is valid")
    elif "y" in keys[0].get("t", "").split(":"):
        yield DKIM_TESTING.finding(f"the DKIM key at {name} says that it is only tested")


def _is_ours(published: Mapping[str, str], key: DkimKey) -> bool:
    ours = tags(key.record_value)["p"]
    return "".join(published["p"].split()) == ours and published.get("k", "rsa") == "rsa"


def _dmarc(sender: Identity, known: Known) -> Iterator[Finding]:
    record = governing(sender.domain, known)
    if record is None:
        if is_known(sender.domain, known):
            yield DMARC_MISSING.finding(f"{sender.domain} has no DMARC record that counts")
        return
    own = dmarc_of(sender.domain, known)
    if _aligned(sender, known, strict=(own or record).strict_spf) is not False:
        return
    elsewhere = f"bounces go to {sender.bounce_domain}, which is not a domain of {sender.domain}'s organisation"
    if sender.key is None and not sender.relay_signs:
        yield DMARC_UNALIGNED.finding(f"{elsewhere}, and nothing is signed: DMARC fails for every email")
    else:
        yield SPF_UNALIGNED.finding(f"{elsewhere}: DMARC rests on the DKIM signature alone")


def _aligned(sender: Identity, known: Known, *, strict: bool) -> bool | None:
    """Whether SPF speaks of the sender's domain (RFC 9989, 4.4.2); None where DNS did not say enough."""
    if sender.bounce_domain == sender.domain:
        return True
    if strict:
        return False
    if not is_known(sender.domain, known) or not is_known(sender.bounce_domain, known):
        return None
    return organisation_of(sender.domain, known) == organisation_of(sender.bounce_domain, known)


def _unknown(sender: Identity, known: Known) -> Iterator[Finding]:
    asked = known.by_name.keys() | names_wanted(sender, known.by_name)
    if silent := sorted(name for name in asked if not known.of(name).known):
        more = f" and {len(silent) - 3} more" if len(silent) > 3 else ""
        yield DNS_UNKNOWN.finding(f"DNS did not answer for {', '.join(silent[:3])}{more}")
