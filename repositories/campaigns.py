"""Campaigns.

{_id: campaign id, name, purpose, status, sender: {name, address, reply_to},
 content: {subject, preheader, html, text, template},
 recipients: {modules: [name], refs: [ref], and where they are there: filters: [{k: module, v: filter}],
              kept: {key: of a selection, counts: [{k: module, v: count}], digest}, list_members: true}, list_id, topic,
 lawful_basis, description, information: [{k, v}], origin, member_status, schedule, source_order,
 include_existing_members,
 report: {from_modules: [{k, v}], from_list, skipped: [{k, v}], topic_conflicts: [{k, v}], to_send,
          findings: [{rule, severity, place, text, fix}]} or null,
 trip: {number, rule, at, counts: {tried, hard_bounced, complaints, sender_faults}} or null,
 series: of a message of an autoresponder, else null,
 reviewed_hash, reviewed_assets: [{k: url, v: hash}], author, approval: {by, at} or null,
 slices, chains, send_at, send_asks: [{mark, review, done}], status_reason, created_at, status_at,
 left_as: the status before it went offline, or null,
 revision: counts writes,
 feed: [{revision, status, at, reason}]: writes that the feed has not dealt with, told: the last one that it has,
 next_slice: the lowest slice number that was never taken; kept by `take_slice_numbers` alone}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from domain.breakers import Counts, Rule, Trip
from domain.campaign import (
    NEXT,
    Approval,
    Campaign,
    CampaignStatus,
    Content,
    LawfulBasis,
    Origin,
    Purpose,
    Report,
    Selection,
    SendAsk,
    Sender,
)
from domain.errors import Conflict, UnknownCampaign
from domain.findings import Finding, Severity
from domain.selections import Kept
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed
from repositories.values import pairs, unpaired

_SEVERITIES: Mapping[str, Severity] = {each.value: each for each in Severity}
_MAY_LEAVE = [status for status, after in NEXT.items() if CampaignStatus.OFFLINE in after]
#: What a newer version adds is left alone: both run side by side for a while.
_FIELDS = frozenset(field.name for field in fields(Campaign))


class MongoCampaigns:
    def __init__(self, database: Database, *, feed: bool = True) -> None:
        self._campaigns = collection(database, "campaigns")
        self._feed = feed

    async def get(self, campaign_id: str) -> Campaign | None:
        document = await answered(self._campaigns.find_one({"_id": campaign_id}))
        return _campaign(document) if document else None

    async def add(self, campaign: Campaign) -> None:
        new = replace(campaign, revision=0)
        move = {"feed": [_move(new)]} if self._feed else {}
        document = {"_id": campaign.id, **_document(new), **move}
        try:
            await answered(self._campaigns.insert_one(document))
        except DuplicateKeyError as error:
            raise Conflict(f"campaign {campaign.id} exists already") from error

    async def save(self, campaign: Campaign, *, expected: Collection[CampaignStatus]) -> Campaign:
        guard = {"_id": campaign.id, "revision": campaign.revision, "status": {"$in": list(expected)}}
        # Field by field, so that next_slice, which is counted apart, stays.
        result = await answered(self._campaigns.update_one(guard, self._changes(campaign)))
        if not result.matched_count:
            raise Conflict(f"campaign {campaign.id} was changed by somebody else")
        return replace(campaign, revision=campaign.revision + 1)

    def _changes(self, campaign: Campaign) -> Document:
        move = {"$push": {"feed": _move(campaign)}} if self._feed else {}
        return {"$set": _document(campaign), **move}

    async def in_status(
        self,
        statuses: Collection[CampaignStatus],
        *,
        since: datetime | None = None,
        due: datetime | None = None,
    ) -> Sequence[Campaign]:
        lately: Document = {"status_at": {"$gte": since}} if since else {}
        in_time: Document = {"send_at": {"$lte": due}} if due else {}
        return await self._found({"status": {"$in": list(statuses)}, **lately, **in_time})

    async def take_slice_numbers(self, campaign_id: str, count: int) -> int:
        taken = {"$add": [{"$max": ["$slices", "$next_slice"]}, count]}
        changed = self._campaigns.find_one_and_update(
            {"_id": campaign_id}, [{"$set": {"next_slice": taken}}], return_document=ReturnDocument.AFTER
        )
        document = await answered(changed)
        if document is None:
            raise UnknownCampaign(f"campaign {campaign_id} is not stored")
        return int(document["next_slice"]) - count

    async def take_offline(self, reason: str, at: datetime, *, origin: Origin | None = None) -> int:
        """One write, however many there are; each is marked with its own revision."""
        revision = {"$add": ["$revision", 1]}
        why = {"$literal": reason}
        status = {"$literal": CampaignStatus.OFFLINE}
        changes: Document = {
            "left_as": "$status", "status": status, "status_at": at, "status_reason": why, "revision": revision
        }  # fmt: skip
        if self._feed:
            move = {"revision": revision, "status": status, "at": at, "reason": why}
            changes["feed"] = {"$concatArrays": [{"$ifNull": ["$feed", []]}, [move]]}
        # Along the ids: by status, one that moves at this moment could pass the search by.
        going = self._campaigns.update_many(_going(origin), [{"$set": changes}], hint=[("_id", 1)])
        return (await answered(going)).modified_count

    async def going(self, origin: Origin) -> frozenset[str]:
        cursor = self._campaigns.find(_going(origin), {"_id": 1})
        return frozenset([document["_id"] async for document in streamed(cursor)])

    async def left(self, at: datetime) -> Mapping[str, CampaignStatus | None]:
        gone = {"status": CampaignStatus.OFFLINE, "status_at": at}
        cursor = self._campaigns.find(gone, {"left_as": 1}).sort("_id", 1)
        return {document["_id"]: _left_as(document) async for document in streamed(cursor)}

    async def offline(self, campaign_ids: Collection[str]) -> frozenset[str]:
        gone = {"_id": {"$in": list(campaign_ids)}, "status": CampaignStatus.OFFLINE}
        return frozenset([document["_id"] async for document in streamed(self._campaigns.find(gone, {"_id": 1}))])

    async def ids(self) -> frozenset[str]:
        cursor = self._campaigns.find({}, {"_id": 1}).hint([("_id", 1)])
        return frozenset([document["_id"] async for document in streamed(cursor)])

    async def all(self) -> Sequence[Campaign]:
        """In the order of their ids."""
        return await self._found({})

    async def _found(self, query: Document) -> list[Campaign]:
        return [_campaign(document) async for document in streamed(self._campaigns.find(query).sort("_id", 1))]


def _going(origin: Origin | None) -> Document:
    """What may go offline, made anywhere or there."""
    return {"status": {"$in": _MAY_LEAVE}, **({"origin": origin} if origin else {})}


def _move(campaign: Campaign) -> Document:
    """Where a write takes it, for the feed."""
    status, at, reason = campaign.status, campaign.status_at, campaign.status_reason
    return {"revision": campaign.revision + 1, "status": status, "at": at, "reason": reason}


def _document(campaign: Campaign) -> Document:
    """All fields that a save writes; one revision on."""
    document = asdict(campaign)
    del document["id"]
    return {
        **document,
        "recipients": _selection_document(campaign.recipients),
        "information": pairs(campaign.information),
        "reviewed_assets": pairs(campaign.reviewed_assets),
        "report": _report_document(campaign.report) if campaign.report else None,
        "revision": campaign.revision + 1,
    }


def _selection_document(selection: Selection) -> Document:
    kept, found = selection.kept, {"modules": list(selection.modules), "refs": list(selection.refs)}
    return {
        **found,
        **({"filters": pairs(selection.filters)} if selection.filters else {}),
        **({"kept": {**asdict(kept), "counts": pairs(kept.counts)}} if kept else {}),
        **({"list_members": True} if selection.list_members else {}),
    }


def _report_document(report: Report) -> Document:
    return {
        "from_modules": pairs(report.from_modules),
        "from_list": report.from_list,
        "skipped": pairs(report.skipped),
        "topic_conflicts": pairs(report.topic_conflicts),
        "to_send": report.to_send,
        "findings": [asdict(finding) for finding in report.findings],
    }


def _campaign(document: Mapping[str, Any]) -> Campaign:
    known = {name: value for name, value in document.items() if name in _FIELDS}
    basis = document["lawful_basis"]
    return Campaign(
        **{
            **known,
            "id": document["_id"],
            "purpose": Purpose(document["purpose"]),
            "status": CampaignStatus(document["status"]),
            "sender": Sender(**document["sender"]),
            "content": Content(**document["content"]),
            "recipients": _selection(document["recipients"]),
            "lawful_basis": LawfulBasis(basis) if basis else None,
            "information": unpaired(document["information"]),
            "origin": Origin(document["origin"]),
            "reviewed_assets": unpaired(document.get("reviewed_assets", [])),
            "approval": Approval(**document["approval"]) if document.get("approval") else None,
            "send_asks": tuple(SendAsk(**each) for each in document.get("send_asks", ())),
            "report": _report(document["report"]) if document["report"] else None,
            "trip": _trip(document["trip"]) if document.get("trip") else None,
            "left_as": _left_as(document),
        }
    )


def _left_as(document: Mapping[str, Any]) -> CampaignStatus | None:
    return CampaignStatus(document["left_as"]) if document.get("left_as") else None


def _selection(document: Mapping[str, Any]) -> Selection:
    kept = document.get("kept")
    return Selection(
        modules=tuple(document["modules"]),
        refs=tuple(document["refs"]),
        filters=unpaired(document.get("filters", ())),
        kept=Kept(**{**kept, "counts": unpaired(kept["counts"])}) if kept else None,
        list_members=document.get("list_members", False),
    )


def _trip(document: Mapping[str, Any]) -> Trip:
    return Trip(**{**document, "rule": Rule(document["rule"]), "counts": Counts(**document["counts"])})


def _finding(document: Mapping[str, Any]) -> Finding:
    """A severity of a newer version, which runs beside us for a while, is not known here."""
    return Finding(**{**document, "severity": _SEVERITIES.get(document["severity"], Severity.UNKNOWN)})


def _report(document: Mapping[str, Any]) -> Report:
    return Report(
        from_modules=unpaired(document["from_modules"]),
        from_list=document["from_list"],
        skipped=unpaired(document["skipped"]),
        topic_conflicts=unpaired(document["topic_conflicts"]),
        to_send=document["to_send"],
        findings=tuple(_finding(each) for each in document["findings"]),
    )
