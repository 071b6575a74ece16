"""The documents that the feed is to tell of, as their stores have marked them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from pymongo import UpdateMany, UpdateOne

from domain.eligibility import SuppressionReason
from domain.feed import CampaignMove, MarkedCampaign, MarkedEmail, MarkedSuppressions, Told
from domain.lists import Suppression
from domain.slices import Run
from repositories.bulk import written
from repositories.connection import Collection, Database, Document, collection
from repositories.email_documents import email_of
from repositories.errors import answered
from repositories.runs import run_of

_Name: TypeAlias = Literal["emails", "campaigns", "suppressions", "sync_runs"]


class MongoFeedMarks:
    def __init__(self, database: Database) -> None:
        self._emails = collection(database, "emails")
        self._campaigns = collection(database, "campaigns")
        self._suppressions = collection(database, "suppressions")
        self._runs = collection(database, "sync_runs")

    async def emails(self, limit: int) -> Sequence[MarkedEmail]:
        return [_marked_email(document) for document in await _marked(self._emails, limit)]

    async def emails_told(self, told: Sequence[MarkedEmail]) -> None:
        await written(self._emails, _emails_told(told))

    async def campaigns(self, limit: int) -> Sequence[MarkedCampaign]:
        return [_marked_campaign(document) for document in await _marked(self._campaigns, limit)]

    async def campaigns_told(self, told: Sequence[MarkedCampaign]) -> None:
        await written(self._campaigns, [_campaign_told(each.moves[-1]) for each in told])

    async def suppressions(self, limit: int) -> Sequence[MarkedSuppressions]:
        return [_marked_suppressions(document) for document in await _marked(self._suppressions, limit)]

    async def suppressions_told(self, told: Sequence[MarkedSuppressions]) -> None:
        await written(self._suppressions, [_suppressions_told(each) for each in told])

    async def runs(self, limit: int) -> Sequence[Run]:
        return [run_of(document) for document in await _marked(self._runs, limit)]

    async def runs_told(self, told: Sequence[Run]) -> None:
        await written(self._runs, [UpdateOne({"_id": run.id}, {"$unset": {"feed": ""}}) for run in told])

    async def waiting(self) -> Mapping[str, int]:
        """How many documents of each kind are marked."""
        kinds: Mapping[_Name, Collection] = {
            "emails": self._emails,
            "campaigns": self._campaigns,
            "suppressions": self._suppressions,
            "sync_runs": self._runs,
        }
        counts = {name: kind.count_documents({"feed": {"$exists": True}}) for name, kind in kinds.items()}
        return {name: await answered(count) for name, count in counts.items()}


async def _marked(documents: Collection, limit: int) -> list[Document]:
    """Those that wait longest first, as far as marks tell."""
    found = documents.find({"feed": {"$exists": True}}).sort("feed", 1).limit(limit)
    return await answered(found.to_list(None))


def _marked_email(document: Mapping[str, Any]) -> MarkedEmail:
    return MarkedEmail(email_of(document), document["feed"], Told(**document.get("told", {})))


def _emails_told(told: Sequence[MarkedEmail]) -> list[UpdateMany]:
    """Emails that one write has marked are mostly told the same: one update, at a fifth of the time of one for each."""
    alike: dict[tuple[str, str, Told], list[str]] = defaultdict(list)
    for each in told:
        alike[each.email.campaign_id, each.mark, each.told].append(each.email.id)
    return [_told_alike(ids, *common) for common, ids in alike.items()]


def _told_alike(ids: Sequence[str], campaign_id: str, mark: str, told: Told) -> UpdateMany:
    """What was told holds; the mark goes unless it is another one by now."""
    known = {"told": {"$literal": {"status": told.status, "replied": told.replied, "count": told.count}}}
    left = {"$cond": [{"$eq": ["$feed", mark]}, "$$REMOVE", {"$ifNull": ["$feed", "$$REMOVE"]}]}
    changes = {"feed": left, **(known if told.count else {})}
    return UpdateMany({"_id": {"$in": list(ids)}, "campaign_id": campaign_id}, [{"$set": changes}])


def _marked_campaign(document: Mapping[str, Any]) -> MarkedCampaign:
    told = document.get("told")
    return MarkedCampaign(
        tuple(CampaignMove(document["_id"], **move) for move in document["feed"]),
        CampaignMove(document["_id"], **told) if told else None,
    )


def _campaign_told(last: CampaignMove) -> UpdateOne:
    later = {"$filter": {"input": {"$ifNull": ["$feed", []]}, "cond": {"$gt": ["$$this.revision", last.revision]}}}
    told = {"revision": last.revision, "status": last.status, "at": last.at, "reason": last.reason}
    return UpdateOne({"_id": last.campaign_id}, [{"$set": {"told": {"$literal": told}, "feed": later}}, *_GONE])


def _marked_suppressions(document: Mapping[str, Any]) -> MarkedSuppressions:
    person = document["_id"]
    reasons = (
        Suppression(person, SuppressionReason(each["reason"]), each["at"], each["evidence"])
        for each in document["feed"]
    )
    return MarkedSuppressions(person, tuple(reasons))


def _suppressions_told(each: MarkedSuppressions) -> UpdateOne:
    told = [{"reason": one.reason, "at": one.at, "evidence": one.evidence} for one in each.reasons]
    later = {"$filter": {"input": {"$ifNull": ["$feed", []]}, "cond": {"$not": [{"$in": ["$$this", _told(told)]}]}}}
    return UpdateOne({"_id": each.contact_id}, [{"$set": {"feed": later}}, *_GONE])


def _told(told: Sequence[Document]) -> Document:
    return {"$literal": list(told)}


#: An empty list of news is no mark.
_GONE: Sequence[Document] = ({"$set": {"feed": {"$cond": [{"$eq": ["$feed", []]}, "$$REMOVE", "$feed"]}}},)
