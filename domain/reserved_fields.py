"""Merge fields that we fill in ourselves, whatever a contact's fields are called."""

#: `click_url` and `open_url` are for tracked rendering only.
RESERVED = frozenset(
    {
        "unsubscribe_url",  # this reader's unsubscribe page
        "preferences_url",  # this reader's topics and consents
        "organisation_name",
        "organisation_postal_address",
        "sender_name",
        "click_url",
        "open_url",
    }
)
