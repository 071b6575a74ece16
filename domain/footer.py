"""The footer that every email has: who writes, their postal address, and the way out (R37, D8).

Nothing is added when an email is sent: what the review saw is what goes out. `with_footer` is for saving a template of
one's own that lacks one; the review rejects a template that still has none.
"""

from dataclasses import replace

from domain.merge_tags import check_closed
from domain.template import TemplateSource
from domain.template_html import at_body_end

_HTML = """
<div role="contentinfo" style="margin:32px auto 0;padding:16px 24px;max-width:600px;border-top:1px solid #d5dbe1;\
background-color:#ffffff;font-family:Arial,Helvetica,sans-serif;\
font-size:14px;line-height:21px;color:#4a5560;text-align:center">
{{ organisation_name }} &middot; {{ organisation_postal_address }}<br>
<a href="{{ unsubscribe_url }}" style="color:#1a4f8b;text-decoration:underline">Unsubscribe</a>
</div>
"""
_TEXT = """
--
{{ organisation_name }}
{{ organisation_postal_address }}
Unsubscribe: {{ unsubscribe_url }}
"""
_NEEDED = ("organisation_name", "organisation_postal_address", "unsubscribe_url")


def lacks_footer(part: str) -> bool:
    """Whether a part of a template leaves out the organisation, its postal address or the unsubscribe link."""
    return any(name not in part for name in _NEEDED)


def with_footer(source: TemplateSource) -> TemplateSource:
    """The template with our footer in each part that lacks one; the others are left as they are.

    Raises:
        TemplateInvalid: a merge tag never ends, and would take the footer in.
    """
    html, text = source.html, source.text
    for place, part in (("html", html or ""), ("text", text or "")):
        check_closed(part, place)
    if html is not None and lacks_footer(html):
        html = at_body_end(html, _HTML)
    if text is not None and lacks_footer(text):
        text = text.rstrip("\n") + "\n" + _TEXT
    return replace(source, html=html, text=text)
