"""Every message type, by the name of its queue."""

from collections.abc import Mapping

from messages.base import FeedMessage, Message
from messages.campaign_saved import CampaignSaved
from messages.campaign_status_changed import CampaignStatusChanged
from messages.contact_bounced import ContactBounced
from messages.contact_complained import ContactComplained
from messages.contact_replied import ContactReplied
from messages.contact_unsubscribed import ContactUnsubscribed
from messages.delivery_event import DeliveryEvent
from messages.erasure_requested import ErasureRequested
from messages.feed_replay_requested import FeedReplayRequested
from messages.integration_changed import IntegrationChanged
from messages.member_status_changed import MemberStatusChanged
from messages.message_refused import MessageRefused
from messages.module_described import ModuleDescribed
from messages.numbered import Numbered
from messages.record_changed import RecordChanged
from messages.record_wanted import RecordWanted
from messages.review_requested import ReviewRequested
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested
from messages.series_saved import SeriesSaved
from messages.snapshot_finished import SnapshotFinished
from messages.sync_finished import SyncFinished
from messages.sync_requested import SyncRequested
from messages.test_requested import TestRequested

_IN: tuple[type[Message], ...] = (
    RecordChanged,
    SnapshotFinished,
    ModuleDescribed,
    SyncRequested,
    CampaignSaved,
    SeriesSaved,
    ReviewRequested,
    TestRequested,
    SendRequested,
    SendBatch,
    DeliveryEvent,
    FeedReplayRequested,
    ErasureRequested,
    IntegrationChanged,
)
#: With a number of its own in a stream; docs/feed.md.
_STREAMS: tuple[type[Numbered], ...] = (
    MemberStatusChanged,
    ContactUnsubscribed,
    ContactBounced,
    ContactComplained,
    ContactReplied,
    CampaignStatusChanged,
    SyncFinished,
)
_OUT: tuple[type[FeedMessage], ...] = (MessageRefused, RecordWanted, *_STREAMS)

INCOMING: Mapping[str, type[Message]] = {model.queue: model for model in _IN}
OUTGOING: Mapping[str, type[FeedMessage]] = {model.queue: model for model in _OUT}
