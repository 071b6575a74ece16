"""Contacts, one per address.

{_id: contact id, address,
 sources: [{ref, at_us, version, opted_out, gone, map_versions: [{k: sync id, v: version}]}],
 fields: [{k: contact field, v: value, at_us, version, ref}],
 memberships: [{list, sources: [text], since: a date, absent in documents older than it}],
 topics: [id], left_topics: [id],
 subscription, opt_out: {at_us, source} or null,
 consents: [{to, given, at_us, source, proof, basis or null}], absent in documents older than them,
 revision: counts writes, saved_by: mark of the last write}

at_us are microseconds since 1970. Where somebody was erased stands {_id, erased_at: date}: no writer has a revision
that matches, and none can insert another.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.campaign import LawfulBasis
from domain.consent import Consent, ConsentTo, Tracking, tracking
from domain.contact import (
    LONG_AGO,
    READ_ONLY,
    Contact,
    ContactField,
    Membership,
    OptOut,
    Source,
    Stamp,
    SubscriptionType,
)
from domain.send_times import ZONE_FIELD
from domain.series import Member
from domain.slices import KeyRange
from repositories.bulk import save_revised
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed
from repositories.values import microseconds, moment, pairs, read_value, unpaired, written_value

#: What the last check and the mail ask for: half of a document, and a quarter of the time that reading it takes.
_FOR_SENDING = dict.fromkeys(
    (
        "address", "sources.ref", "sources.opted_out", "sources.gone", "fields.k", "fields.v",
        "topics", "left_topics", "subscription", "opt_out", "consents",
    ),
    1,
)  # fmt: skip
#: What decides whether somebody is mailed, for which record and when.
_FOR_PLANNING: Document = {
    **dict.fromkeys(
        (
            "address", "sources.ref", "sources.at_us", "sources.version", "sources.opted_out", "sources.gone",
            "topics", "left_topics", "subscription", "opt_out", "consents",
        ),
        1,
    ),
    "fields": {"$elemMatch": {"k": ZONE_FIELD}},
}  # fmt: skip
_SAID = {"address": 1, "consents": 1}
#: The membership that a query asked for, of all that a contact has.
_ASKED_FOR: Document = {"memberships.$": 1}
_UNSTAMPED = Stamp(datetime.min.replace(tzinfo=UTC), 0, "")

KEYS_AT_ONCE = 10_000  #: ids per round trip when all members of a list are named


def _clock() -> datetime:
    return datetime.now(UTC)


class MongoContacts:
    def __init__(self, database: Database, *, now: Callable[[], datetime] = _clock) -> None:
        self._now = now
        self._contacts = collection(database, "contacts")

    async def load(self, ids: Collection[str]) -> Mapping[str, Contact]:
        cursor = self._contacts.find({"_id": {"$in": list(ids)}}).batch_size(KEYS_AT_ONCE)
        return {
            document["_id"]: _contact(document) for document in await answered(cursor.to_list(None)) if _is(document)
        }

    async def revisions(self, ids: Collection[str]) -> Mapping[str, int]:
        cursor = self._contacts.find({"_id": {"$in": list(ids)}}, {"revision": 1}).batch_size(KEYS_AT_ONCE)
        found = await answered(cursor.to_list(None))
        return {document["_id"]: document["revision"] for document in found if "revision" in document}

    async def for_sending(self, ids: Collection[str]) -> Mapping[str, Contact]:
        cursor = self._contacts.find({"_id": {"$in": list(ids)}}, _FOR_SENDING).batch_size(KEYS_AT_ONCE)
        found = await answered(cursor.to_list(None))
        return {document["_id"]: _for_sending(document) for document in found if _is(document)}

    async def for_planning(self, ids: Collection[str]) -> Mapping[str, Contact]:
        cursor = self._contacts.find({"_id": {"$in": list(ids)}}, _FOR_PLANNING).batch_size(KEYS_AT_ONCE)
        found = await answered(cursor.to_list(None))
        return {document["_id"]: _for_planning(document) for document in found if _is(document)}

    async def tracking(self, contact_ids: Collection[str]) -> Mapping[str, Tracking]:
        cursor = self._contacts.find({"_id": {"$in": list(contact_ids)}}, _SAID).batch_size(KEYS_AT_ONCE)
        found = await answered(cursor.to_list(None))
        return {document["_id"]: tracking(_consents(document)) for document in found if _is(document)}

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        now = self._now()
        return await save_revised(self._contacts, [_document(contact, now) for contact in contacts])

    async def members(self, list_id: str) -> AsyncIterator[str]:
        cursor = self._contacts.find(_on(list_id), {"_id": 1}).sort("_id", 1).batch_size(KEYS_AT_ONCE)
        async for document in streamed(cursor):
            yield document["_id"]

    async def members_within(self, list_id: str, keys: KeyRange) -> Sequence[Contact]:
        within = {**_on(list_id), "_id": {"$gt": keys.after, "$lte": keys.through}}
        cursor = self._contacts.find(within).sort("_id", 1)
        return [_contact(document) async for document in streamed(cursor)]

    async def joined_since(self, list_id: str, since: datetime) -> AsyncIterator[Member]:
        joined = {"memberships": {"$elemMatch": {"list": list_id, "since": {"$gte": since}}}}
        async for document in streamed(self._contacts.find(joined, _ASKED_FOR).batch_size(KEYS_AT_ONCE)):
            yield _member(document)

    async def members_after(self, list_id: str, after: str, limit: int) -> Sequence[Member]:
        cursor = self._contacts.find({**_on(list_id), "_id": {"$gt": after}}, _ASKED_FOR).sort("_id", 1).limit(limit)
        return [_member(document) for document in await answered(cursor.batch_size(limit).to_list(None))]

    async def page(self, list_id: str, *, after: str = "", limit: int = 50) -> Sequence[Contact]:
        """The next members of the list after the contact of that id, ascending by id."""
        cursor = self._contacts.find({**_on(list_id), "_id": {"$gt": after}}).sort("_id", 1).limit(limit)
        return [_contact(document) async for document in streamed(cursor)]

    async def admit(self, contact_id: str) -> None:
        """Let somebody be stored again who was erased."""
        await answered(self._contacts.delete_one({"_id": contact_id, "erased_at": {"$exists": True}}))

    async def count(self, list_id: str) -> int:
        """How many contacts are on the list."""
        return await answered(self._contacts.count_documents(_on(list_id)))


def _is(document: Document) -> bool:
    """Whether it is a contact, and not what stands where one was erased."""
    return "address" in document


def _on(list_id: str) -> Document:
    return {"memberships.list": list_id}


def _document(contact: Contact, now: datetime) -> Document:
    return {
        "_id": contact.id,
        "address": contact.address,
        "sources": [_source_document(source) for source in contact.sources.values()],
        "fields": _field_documents(contact.fields),
        "memberships": [_membership_document(each, now) for each in contact.memberships.values()],
        "topics": sorted(contact.topics),
        "left_topics": sorted(contact.left_topics),
        "subscription": contact.subscription,
        "opt_out": _opt_out_document(contact.opt_out),
        "consents": [_consent_document(consent) for consent in contact.consents],
        "revision": contact.revision + 1,
    }


def _membership_document(membership: Membership, now: datetime) -> Document:
    known: Document = {"list": membership.list_id, "sources": sorted(membership.sources)}
    since = membership.since or now
    return known if since == LONG_AGO else {**known, "since": since}


def _membership(document: Mapping[str, Any]) -> Membership:
    return Membership(document["list"], frozenset(document["sources"]), document.get("since", LONG_AGO))


def _member(document: Mapping[str, Any]) -> Member:
    return Member(document["_id"], document["memberships"][0].get("since", LONG_AGO))


def _source_document(source: Source) -> Document:
    return {
        "ref": source.ref,
        **_stamp_document(source.stamp),
        "opted_out": source.opted_out,
        "gone": source.gone,
        "map_versions": pairs(source.map_versions),
    }


def _field_documents(fields: Mapping[str, ContactField]) -> list[Document]:
    """One record gives most of them the same stamp: its time is reckoned once."""
    found: list[Document] = []
    last: Stamp | None = None
    at_us = 0
    for name, field in fields.items():
        stamp = field.stamp
        if stamp is not last:
            last, at_us = stamp, microseconds(stamp.at)
        value = written_value(field.value)
        found.append({"k": name, "v": value, "at_us": at_us, "version": stamp.version, "ref": stamp.ref})
    return found


def _stamp_document(stamp: Stamp) -> Document:
    """Without the ref, which stands beside it."""
    return {"at_us": microseconds(stamp.at), "version": stamp.version}


def _opt_out_document(opt_out: OptOut | None) -> Document | None:
    return {"at_us": microseconds(opt_out.at), "source": opt_out.source} if opt_out else None


def _consent_document(consent: Consent) -> Document:
    return {
        "to": consent.to,
        "given": consent.given,
        "at_us": microseconds(consent.at),
        "source": consent.source,
        "proof": consent.proof,
        "basis": consent.basis,
    }


def _consents(document: Mapping[str, Any]) -> tuple[Consent, ...]:
    return tuple(
        Consent(
            ConsentTo(each["to"]),
            each["given"],
            moment(each["at_us"]),
            each["source"],
            each["proof"],
            LawfulBasis(each["basis"]) if each["basis"] else None,
        )
        for each in document.get("consents", ())
    )


def _contact(document: Mapping[str, Any]) -> Contact:
    subscription, opt_out = document["subscription"], document["opt_out"]
    return Contact(
        id=document["_id"],
        address=document["address"],
        sources={each["ref"]: _source(each) for each in document["sources"]},
        fields=_fields(document["fields"]),
        memberships={each["list"]: _membership(each) for each in document["memberships"]},
        topics=frozenset(document["topics"]),
        left_topics=frozenset(document["left_topics"]),
        subscription=SubscriptionType(subscription) if subscription else None,
        opt_out=OptOut(moment(opt_out["at_us"]), opt_out["source"]) if opt_out else None,
        consents=_consents(document),
        revision=document["revision"],
    )


def _for_sending(document: Mapping[str, Any]) -> Contact:
    return _in_part(
        document,
        {each["ref"]: Source(each["ref"], _UNSTAMPED, each["opted_out"], each["gone"]) for each in document["sources"]},
    )


def _for_planning(document: Mapping[str, Any]) -> Contact:
    return _in_part(
        document,
        {
            each["ref"]: Source(each["ref"], _stamp(each), each["opted_out"], each["gone"])
            for each in document["sources"]
        },
    )


def _in_part(document: Mapping[str, Any], sources: Mapping[str, Source]) -> Contact:
    subscription, opt_out = document["subscription"], document["opt_out"]
    return Contact(
        id=document["_id"],
        address=document["address"],
        sources=sources,
        fields={each["k"]: ContactField(read_value(each["v"]), _UNSTAMPED) for each in document.get("fields", ())},
        topics=frozenset(document["topics"]),
        left_topics=frozenset(document["left_topics"]),
        subscription=SubscriptionType(subscription) if subscription else None,
        opt_out=OptOut(moment(opt_out["at_us"]), opt_out["source"]) if opt_out else None,
        consents=_consents(document),
        revision=READ_ONLY,
    )


def _fields(documents: Sequence[Mapping[str, Any]]) -> dict[str, ContactField]:
    """One record gave most of them the same stamp: it is made once."""
    found: dict[str, ContactField] = {}
    last, stamp = (0, 0, ""), _UNSTAMPED
    for each in documents:
        told = (each["at_us"], each["version"], each["ref"])
        if told != last:
            last, stamp = told, _stamp(each)
        found[each["k"]] = ContactField(read_value(each["v"]), stamp)
    return found


def _source(document: Mapping[str, Any]) -> Source:
    return Source(
        ref=document["ref"],
        stamp=_stamp(document),
        opted_out=document["opted_out"],
        gone=document["gone"],
        map_versions=unpaired(document["map_versions"]),
    )


def _stamp(document: Mapping[str, Any]) -> Stamp:
    return Stamp(moment(document["at_us"]), document["version"], document["ref"])
