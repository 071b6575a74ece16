"""What a review finds: the checks of content and sender, the report, and the verdict (R59-R64, D8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from domain import lint
from domain.assembly import Assembler, Recipient
from domain.books import Books
from domain.campaign import Campaign, Report
from domain.content_failure import ContentFailed
from domain.dkim_key import DkimKeys
from domain.email import EmailState, email_id, message_id
from domain.errors import TemplateInvalid
from domain.findings import Finding, blocking
from domain.mailer import ADDRESS_FIELD, mailer_of, source_of
from domain.organisation import Organisation
from domain.policy import Thresholds
from domain.predesigned import predesigned_templates
from domain.review_rules import CONTENT_FAILS, NO_COMPANY_DETAILS, NO_DKIM_KEY, SAMPLE_TEXT
from domain.template import Rendered, compiled
from domain.tracking import SigningKeys, ways_out

_NOBODY = "0" * 32  #: the contact id of the sample: nobody has it
_FROM_MODULE, _CONFLICT = "from_module.", "conflict."


def findings(
    campaign: Campaign,
    organisation: Organisation,
    keys: SigningKeys,
    dkim: DkimKeys,
    thresholds: Thresholds = Thresholds(),  # noqa: B008 - it is frozen
) -> tuple[Finding, ...]:
    """Everything wrong with what the campaign says and who says it, as far as one sees it without asking anybody."""
    return (
        *_company_details(organisation),
        *_signature(campaign.sender.domain, dkim),
        *_sample_text(campaign),
        *_content(campaign, organisation, keys, dkim, thresholds),
    )


def sample_mail(
    campaign: Campaign, organisation: Organisation, keys: SigningKeys, dkim: DkimKeys, now: datetime
) -> bytes | None:
    """The email as the sample person would get it, as it stands on the wire; None when it cannot be rendered."""
    try:
        assembler = mailer_of(campaign, organisation, keys, dkim)
        recipient, _ = _rendered(assembler, campaign)
        return assembler.mail(recipient, now=now).raw
    except (ContentFailed, TemplateInvalid):
        return None


def report(counts: Mapping[str, int], books: Books, found: tuple[Finding, ...]) -> Report:
    """The review's report. Who is mailed and who is not is counted in the ledger itself, so that the books agree."""
    return Report(
        from_modules=_under(_FROM_MODULE, counts),
        from_list=counts.get("from_list", 0),
        skipped=dict(books.skips),
        topic_conflicts=_under(_CONFLICT, counts),
        to_send=books.count(EmailState.PLANNED),
        findings=found,
    )


def why_rejected(result: Report, *, people_come_later: bool = False) -> str | None:
    """The reason in words, or None when the campaign passed. To a message of a series people come later."""
    if found := blocking(result.findings):
        return "; ".join(f"{finding.place}: {finding.text} ({finding.fix})" for finding in found)
    if result.to_send == 0 and not people_come_later:
        return _nobody(result)
    return None


def _nobody(result: Report) -> str:
    if not result.selected:
        return "nobody was selected: what was picked is empty, or no record fits its filter"
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(result.skipped.items()))
    return f"none of the {result.selected} people selected would be mailed: {reasons}"


def _under(prefix: str, counts: Mapping[str, int]) -> dict[str, int]:
    return {name.removeprefix(prefix): count for name, count in counts.items() if name.startswith(prefix)}


def _company_details(organisation: Organisation) -> tuple[Finding, ...]:
    """R38. The postal address is looked for in the content as well, by the lint."""
    return tuple(NO_COMPANY_DETAILS.finding(f"the {detail} is not known") for detail in organisation.missing)


def _sample_text(campaign: Campaign) -> tuple[Finding, ...]:
    """A template's advice to its author, on its way to the readers."""
    template = predesigned_templates().get(campaign.content.template or "")
    if template is None:
        return ()
    return tuple(
        SAMPLE_TEXT.finding(
            f"{place} still holds the sample text of the template",
            place=place,
            fix=f"`campaigns campaign reopen {campaign.id}`, then `campaigns campaign edit {campaign.id} "
            f"--template {template.name} --fill {place}=TEXT` with every place",
        )
        for place in template.unfilled(campaign.content.html or "", campaign.content.text or "")
    )


def _signature(domain: str, dkim: DkimKeys) -> tuple[Finding, ...]:
    """Unsigned mail is taken by some and refused by most (support.google.com/mail/answer/81126): shown, not stopped."""
    if not dkim.leaves_unsigned(domain):
        return ()
    text = f"emails from {domain} go out without a DKIM signature: there is no key of it"
    fix = f"Make one with `campaigns dkim generate {domain}`, or set CAMPAIGNS_SMTP__DKIM=relay where the relay signs."
    return (NO_DKIM_KEY.finding(text, fix=fix),)


def _content(
    campaign: Campaign, organisation: Organisation, keys: SigningKeys, dkim: DkimKeys, thresholds: Thresholds
) -> tuple[Finding, ...]:
    try:
        assembler = mailer_of(campaign, organisation, keys, dkim)
        _, rendered = _rendered(assembler, campaign)
    except (ContentFailed, TemplateInvalid) as error:
        return (CONTENT_FAILS.finding(f"it cannot be rendered: {error}"),)
    sample = _sample(rendered, campaign, organisation, keys)
    return lint.lint(sample, warn_from=thresholds.spam_wording_warning, block_from=thresholds.spam_wording_error)


def _rendered(assembler: Assembler, campaign: Campaign) -> tuple[Recipient, Rendered]:
    """The content for a sample person whose values are their fields' names; without values where that can't be."""
    fields = compiled(source_of(campaign.content)).fields
    sample = _recipient(campaign, {name: name.replace("_", " ") for name in fields})
    try:
        return sample, assembler.preview(sample)
    except ContentFailed:
        nobody = _recipient(campaign, {})
        return nobody, assembler.preview(nobody)


def _recipient(campaign: Campaign, values: Mapping[str, str]) -> Recipient:
    row = email_id(campaign.id, _NOBODY)
    sample = campaign.sender.address
    return Recipient(row, message_id(row, campaign.sender.domain), sample, values={ADDRESS_FIELD: sample, **values})


def _sample(rendered: Rendered, campaign: Campaign, organisation: Organisation, keys: SigningKeys) -> lint.Sample:
    bounce_domain = organisation.bounce_domain or campaign.sender.domain
    own_way_out = ways_out(email_id(campaign.id, _NOBODY), organisation.public_url, bounce_domain, keys)
    return lint.Sample(
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        sender_address=campaign.sender.address,
        unsubscribe_url=own_way_out.url,
        organisation_postal_address=organisation.postal_address,
        organisation_name=organisation.name,
    )
