"""The values of one made-up reader, for templates that are looked at or judged."""

SAMPLE_VALUES = {
    "first_name": "Zoë",
    "organisation_name": "Alder & Finch",
    "organisation_postal_address": "Gartenstraße 12, 20095 Hamburg",
    "sender_name": "Mara Alder",
    "unsubscribe_url": "https://t.example/u/T",
    "preferences_url": "https://t.example/p/T",
}
