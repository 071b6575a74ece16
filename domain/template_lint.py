"""The lint of a template that no campaign uses yet: rendered for a sample reader, judged like a campaign's content."""

from __future__ import annotations

from dataclasses import dataclass

from domain import lint
from domain.content_failure import ContentFailed
from domain.errors import TemplateInvalid
from domain.findings import Finding
from domain.organisation import Organisation
from domain.preview import SAMPLE
from domain.review_rules import CONTENT_FAILS
from domain.template import Rendered, Template, TemplateSource, compiled

_UNSUBSCRIBE = "https://example.com/unsubscribe"
#: Stands in for company details that nobody has given yet: what is judged is the template.
EXAMPLE = Organisation("Example Ltd", "1 Example Street, 12345 Exampletown")


@dataclass(frozen=True, slots=True)
class Judged:
    rendered: Rendered | None  #: None: it cannot be
    findings: tuple[Finding, ...]


def judged(source: TemplateSource, organisation: Organisation, sender_address: str) -> Judged:
    """What the lint says of the template in this organisation's name; for one that cannot be rendered, why not."""
    try:
        return _linted(compiled(source), organisation, sender_address)
    except (TemplateInvalid, ContentFailed) as error:
        return Judged(None, (CONTENT_FAILS.finding(f"it cannot be rendered: {error}"),))


def _linted(template: Template, organisation: Organisation, sender_address: str) -> Judged:
    values = {
        **{name: name.replace("_", " ") for name in template.fields},
        **SAMPLE,
        "organisation_name": organisation.name or EXAMPLE.name,
        "organisation_postal_address": organisation.postal_address or EXAMPLE.postal_address,
        "sender_name": organisation.name or EXAMPLE.name,
        "unsubscribe_url": _UNSUBSCRIBE,
        "preferences_url": "https://example.com/preferences",
    }
    rendered = template.render(values)
    sample = lint.Sample(
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        sender_address=sender_address,
        unsubscribe_url=_UNSUBSCRIBE,
        organisation_postal_address=str(values["organisation_postal_address"]),
        organisation_name=str(values["organisation_name"]),
    )
    return Judged(rendered, lint.lint(sample))
