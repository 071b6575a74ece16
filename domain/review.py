"""What a review finds: the checks of content and sender, the report, and the verdict (R59-R64, D8)."""

from __future__ import annotations

from collections.abc import Mapping

from domain import lint
from domain.assembly import Assembler, Recipient
from domain.books import Books
from domain.campaign import Campaign, Report
from domain.content_failure import ContentFailed
from domain.dkim_key import DkimKeys
from domain.email import EmailState, email_id, message_id
from domain.errors import TemplateInvalid
from domain.findings import Finding, Severity, blocking
from domain.mailer import ADDRESS_FIELD, mailer_of, source_of
from domain.organisation import Organisation
from domain.predesigned import predesigned_templates
from domain.template import Rendered, compiled
from domain.tracking import SigningKeys, ways_out

_NOBODY = "0" * 32  #: the contact id of the sample: nobody has it
_FROM_MODULE, _CONFLICT = "from_module.", "conflict."


def findings(campaign: Campaign, organisation: Organisation, keys: SigningKeys, dkim: DkimKeys) -> tuple[Finding, ...]:
    """Everything wrong with what the campaign says and who says it; errors block."""
    return (
        *_company_details(organisation),
        *_signature(campaign.sender.domain, dkim),
        *_sample_text(campaign),
        *_content(campaign, organisation, keys, dkim),
    )


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


def why_rejected(result: Report) -> str | None:
    """The reason in words, or None when the campaign passed."""
    if found := blocking(result.findings):
        return "; ".join(f"{finding.place}: {finding.text} ({finding.fix})" for finding in found)
    if result.to_send == 0:
        return _nobody(result)
    return None


def _nobody(result: Report) -> str:
    if not result.selected:
        return "nobody was selected: the modules and lists that were picked are empty"
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(result.skipped.items()))
    return f"none of the {result.selected} people selected would be mailed: {reasons}"


def _under(prefix: str, counts: Mapping[str, int]) -> dict[str, int]:
    return {name.removeprefix(prefix): count for name, count in counts.items() if name.startswith(prefix)}


def _company_details(organisation: Organisation) -> tuple[Finding, ...]:
    """R38. The postal address is looked for in the content as well, by the lint."""
    fix = "Set CAMPAIGNS_ORGANISATION__NAME and CAMPAIGNS_ORGANISATION__POSTAL_ADDRESS."
    return tuple(
        Finding("no-company-details", Severity.ERROR, "organisation", f"the {detail} is not known", fix)
        for detail in organisation.missing
    )


def _sample_text(campaign: Campaign) -> tuple[Finding, ...]:
    """A template's advice to its author, on its way to the readers."""
    template = predesigned_templates().get(campaign.content.template or "")
    if template is None:
        return ()
    return tuple(
        Finding(
            "sample-text",
            Severity.WARNING,
            place,
            f"{place} still holds what the template says to its author",
            f"`campaigns campaign reopen {campaign.id}`, then `campaigns campaign edit {campaign.id} "
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
    return (Finding("no-dkim-key", Severity.WARNING, "sender", text, fix),)


def _content(campaign: Campaign, organisation: Organisation, keys: SigningKeys, dkim: DkimKeys) -> tuple[Finding, ...]:
    try:
        assembler = mailer_of(campaign, organisation, keys, dkim)
        rendered = _rendered(assembler, campaign)
    except (ContentFailed, TemplateInvalid) as error:
        fix = "Mend the place that it names."
        return (Finding("content-fails", Severity.ERROR, "content", f"it cannot be rendered: {error}", fix),)
    return lint.lint(_sample(rendered, campaign, organisation, keys))


def _rendered(assembler: Assembler, campaign: Campaign) -> Rendered:
    """The content for a sample person whose values are their fields' names; without values where that can't be."""
    fields = compiled(source_of(campaign.content)).fields
    try:
        return assembler.preview(_recipient(campaign, {name: name.replace("_", " ") for name in fields}))
    except ContentFailed:
        return assembler.preview(_recipient(campaign, {}))


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
    )
