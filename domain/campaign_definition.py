"""What the document of a campaign says of it, apart from its life so far."""

from __future__ import annotations

from dataclasses import replace

from domain.campaign import Campaign, CampaignStatus


def redefined(known: Campaign, wanted: Campaign) -> Campaign:
    """`known` as `wanted` defines it; its life so far stays.

    A draft of which nobody knows who wrote it is claimed by whoever saves it, as it is or with changes.
    """
    claimed = wanted.author if known.status is CampaignStatus.DRAFT else None
    return replace(
        known,
        name=wanted.name,
        purpose=wanted.purpose,
        sender=wanted.sender,
        content=wanted.content,
        recipients=wanted.recipients,
        list_id=wanted.list_id,
        topic=wanted.topic,
        lawful_basis=wanted.lawful_basis,
        description=wanted.description,
        information=wanted.information,
        member_status=wanted.member_status,
        schedule=wanted.schedule,
        author=known.author or claimed,
        source_order=known.source_order if wanted.source_order is None else wanted.source_order,
    )
