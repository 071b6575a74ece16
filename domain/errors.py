"""All the ways in which work can fail. Workers decide what to do by catching the two kinds, nothing else.

A refusal that belongs to the business (suppressed, opted out, duplicate) is a value, not an exception:
see `SkipReason` and `SyncSkip`. An exception means that the work was not done.
"""


class CampaignsError(Exception):
    """Base of every error we raise. The text is for people and is logged: no addresses, no bodies."""


class Transient(CampaignsError):
    """The same work may succeed later."""


class Incomplete(Transient):
    """Something that was announced is not all here yet; the text says how much is missing."""


class Busy(Transient):
    """Other work of the same kind has to end first; the text says which."""


class Permanent(CampaignsError):
    """No repetition can succeed: the message is parked with this reason."""

    @property
    def code(self) -> str:
        """The reason in one word, as parked messages are filtered by it."""
        return code_of(type(self))


class Unavailable(Transient):
    """A server we depend on is away. Uses up nobody's attempts."""


class StoreUnavailable(Unavailable):
    """MongoDB did not answer in time or has no primary."""


class BrokerUnavailable(Unavailable):
    """RabbitMQ is away, or did not confirm in time: what was published may or may not have arrived."""


class RelayUnavailable(Unavailable):
    """The SMTP relay cannot be reached or refuses us as a whole. Nothing was sent."""


class Conflict(Transient):
    """Others kept changing the same documents first; nothing of ours was written."""


class InvalidMessage(Permanent):
    """A body that is not what its queue carries; names each field and what is wrong with it."""


class UnknownModule(Permanent):
    """A message names a CRM module that has not been described."""


class UnknownSync(Permanent):
    """A message names a sync that is not stored."""


class UnknownCampaign(Permanent):
    """A message names a campaign that is not stored (never created, or deleted)."""


class UnknownSeries(Permanent):
    """A series is named that is not stored."""


class UnknownEmail(Permanent):
    """An event names an email that is in no ledger."""


class IllegalTransition(Permanent):
    """A campaign or sync was asked to move to a status that its current status does not lead to."""


class NotReady(Permanent):
    """A step was asked for before what it needs is there; the text says what is missing and what to type."""


class NotConfirmed(Permanent):
    """What cannot be undone was asked for without the words that confirm it; the text says which."""


class EditionRequired(Permanent):
    """Campaigns from the CRM need edition enterprise or above (R6)."""


class InvalidDefinition(Permanent):
    """A sync, list or campaign definition breaks a rule; names the field and the reason."""


class KeyInvalid(Permanent):
    """A DKIM key can't sign, or its file can't be read; names the key and the reason."""


class Changed(Permanent):
    """What was reviewed is not what is stored now (D9); names what changed."""


class TemplateInvalid(Permanent):
    """A template does not compile; the text has the line and the reason."""


class TestRefused(Permanent):
    """The relay refused a test email; the text has its reply."""

    __test__ = False  # the name is not a test's


class Unroutable(Permanent):
    """No queue is bound for a message of ours: the topology is not declared (`campaigns init`)."""


def code_of(kind: type[CampaignsError]) -> str:
    """The name of a class as one word in small letters."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("_")
