"""Notes every command that changes something, before it does: the one place where the command line is audited.

Each command stands in one of the two tables below. Which one is running is asked of typer, so that no command has to
tell by itself.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer

# Not public: nothing public tells a function deep down which command runs. An upgrade that moves it fails at once.
from typer._click.core import Context
from typer._click.globals import get_current_context

from cli.login import login
from config.settings import Settings
from domain.audit import DONE, AuditEntry
from domain.contact import address, contact_id
from domain.erasure import record_key
from domain.errors import CampaignsError, StoreUnavailable, code_of
from repositories.stores import Stores
from workers.options import address_key, database
from workers.resources import audit_trail, new_id

#: Commands that change something: what their subject is, and which argument names it; none: it is the whole subject.
CHANGES: Mapping[str, tuple[str, str]] = {
    **{
        f"campaign {name}": ("campaign", "campaign_id")
        for name in (
            "create", "edit", "review", "send", "schedule", "test", "pause", "resume", "stop", "cancel", "reopen",
            "unschedule", "approve", "remainder", "take-up",
        )
    },
    "campaign apply": ("", ""),  # the document names it, and the command says so with `about`
    **{
        f"sync {name}": ("sync", "sync_id")
        for name in ("create", "edit", "initiate", "backfill", "pause", "resume", "delete")
    },
    **{f"series {name}": ("series", "series_id") for name in ("review", "start", "pause", "resume", "stop", "cancel")},
    "series apply": ("", ""),  # likewise, as all that have "" here and are about something
    "in-doubt settle": ("campaign", "campaign_id"),
    "reclassify": ("campaign", "campaign"),
    "list create": ("list", "list_id"),
    "list edit": ("list", "list_id"),
    "topic create": ("topic", "topic_id"),
    "topic edit": ("topic", "topic_id"),
    "topic leave": ("", ""),
    "template save": ("template", "name"),
    "module describe": ("", ""),
    "contact erase": ("contact", "address"),
    "contact export": ("contact", "address"),  # changes nothing, but who had somebody's data is worth a note
    "contact opt-in": ("contact", "address"),
    "contact opt-out": ("contact", "address"),
    "contact tracking": ("contact", "address"),
    "suppression add": ("", ""),  # often many people at once
    "suppression remove": ("contact", "address_"),
    "suppression lift": ("contact", "address_"),
    "retention apply": ("retention", ""),
    "suppression import": ("", ""),
    "import people": ("", ""),
    "import undo": ("import", "import_id"),
    "throttle set": ("throttle", "name"),
    "parked replay": ("", ""),
    "parked drop": ("", ""),
    "publish": ("", ""),
    **{f"integration {name}": (f"integration:{name}", "") for name in ("deactivate", "disable", "activate")},
    "feed redeliver": ("feed", "stream"),
    "feed replay": ("feed", "stream"),
    "token create": ("", ""),
    "token revoke": ("token", "token_id"),
}  # fmt: skip
#: Commands that only look, that work on this machine alone, or whose change is noted by whoever carries it out.
LOOKS = frozenset(
    {
        "up", "down", "url", "init", "keys", "worker", "status", "explain", "help-with", "check", "classify",
        "catch-mail", "demo", "import show", "sync show", "sync runs", "sync lacking", "sync skipped", "module list",
        "module show", "list members", "list show", "topic show", "contact show", "suppression list", "template lint",
        "template list", "template show", "campaign export", "campaign show", "campaign preview", "campaign dry-run",
        "campaign summary", "campaign list", "campaign activity", "campaign report", "throttle show", "dkim generate",
        "dkim show", "feed show", "parked list", "parked show", "token list", "inbound unattributed", "in-doubt list",
        "audit list", "retention show", "integration show", "series show", "series list", "series export",
        "series summary", "series entry",
    }
)  # fmt: skip
_NOTED = "crm-campaigns.audit"
_ABOUT, _MORE = f"{_NOTED}.about", f"{_NOTED}.more"
_MOST_IDS = 10  #: in the subject of a command about many


def about(subject: str, more: str = "") -> None:
    """Say what the running command is about, where no argument names it: before it has anything of the repositories.

    `more` stands behind its name. A subject that has an address in it is kept as a hash.
    """
    command = get_current_context(silent=True)
    if command is not None:
        command.meta.update({_ABOUT: subject, _MORE: more})


def several(kind: str, ids: Sequence[str]) -> str:
    """A subject: one, or many of a kind."""
    return f"{kind}:{ids[0]}" if len(ids) == 1 else f"{kind}s:{named(ids)}"


def named(ids: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    rest = f" and {len(ids) - _MOST_IDS:,} more" if len(ids) > _MOST_IDS else ""
    return f"{' '.join(ids[:_MOST_IDS])}{rest}"


async def note(given: Settings, stores: Stores) -> None:
    """Note the command that is running, if it changes something and is not noted yet; how it ends is noted at its end.

    Called before a command has anything of the repositories.
    """
    command = get_current_context(silent=True)
    if command is None or _NOTED in command.meta or not _changes(command):
        return
    what = _name(command)
    about_what = command.meta.get(_ABOUT) or subject(what, command.params, given)
    more = command.meta.get(_MORE, "")
    entry = await audit_trail(given, stores).began(
        new_id(), who=_who(command), via="cli", what=f"{what} {more}".strip(), subject=about_what
    )
    command.meta[_NOTED] = entry
    command.call_on_close(lambda: _end(given, entry))


def subject(what: str, given: Mapping[str, Any], settings: Settings) -> str:
    """What a command is about; of a person the id, never the address; of a record its key; "campaigns": all of them."""
    kind, argument = CHANGES[what]
    if not argument:
        return kind
    name = given.get(argument)
    if name is None:
        record = given.get("record") if kind == "contact" else None
        return f"contact:{record_key(record, address_key(settings))}" if record else f"{kind}s"
    person = address(str(name)) if kind == "contact" else None
    return f"{kind}:{contact_id(person.identity, address_key(settings)) if person else name}"


def outcome(error: BaseException | None) -> str:
    """How a command ended, in a word."""
    if error is None:
        return DONE
    if isinstance(error, typer.Exit):
        return DONE if error.exit_code == 0 else f"exit code {error.exit_code}"
    if isinstance(error, CampaignsError):
        return code_of(type(error))
    return "wrong usage" if isinstance(error, typer.TyperException) else "interrupted"


def _changes(command: Context) -> bool:
    return _name(command) in CHANGES and not (command.params.get("dry_run") or command.params.get("preview"))


def _name(command: Context) -> str:
    """The command as it is typed, without the program's name."""
    return command.command_path.partition(" ")[2]


def _who(command: Context) -> str:
    return str(command.params.get("by") or login())


def _end(given: Settings, entry: AuditEntry) -> None:
    found = outcome(sys.exc_info()[1])

    async def end() -> None:
        stores = Stores.of(database(given))
        try:
            await audit_trail(given, stores).ended(entry, found)
        except StoreUnavailable:
            return  # the command has said so; how it ended is then not known here
        finally:
            stores.close()

    asyncio.run(end())
