"""Options of `campaigns campaign create` and `edit`, each explained once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import an_address, new_id, refs
from domain.campaign import LawfulBasis, Purpose

Subject = Annotated[str | None, typer.Option(help="Subject; merge fields may stand in it.")]
Preheader = Annotated[str | None, typer.Option(help="What mail programs show after the subject.")]
FromAddress = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", callback=an_address, help="Sender's address, on a domain of your own."),
]
FromName = Annotated[str | None, typer.Option(help="Sender's name; at first the organisation's.")]
ReplyTo = Annotated[
    str | None, typer.Option(metavar="ADDRESS", callback=an_address, help="Where replies go; else to the sender.")
]
Template = Annotated[
    str | None, typer.Option(metavar="TEMPLATE", help="Content of a template: `campaigns template list`.")
]
Fill = Annotated[
    list[str] | None,
    typer.Option(metavar="PLACE=TEXT", help="Fill a place of it: `campaigns template show TEMPLATE`."),
]
Html = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="HTML of your own.")]
Text = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Plain text of your own.")]
Modules = Annotated[list[str] | None, typer.Option(help="Send it to all records of this module.")]
Records = Annotated[
    list[str] | None, typer.Option(metavar="MODULE:ID", callback=refs, help="Send it to this chosen record.")
]
Filters = Annotated[
    list[str] | None,
    typer.Option("--filter", metavar="MODULE=FILTER", help="Send it to those records of a module that fit."),
]
ListMembers = Annotated[bool | None, typer.Option(help="Send it to those who are on its list already, too.")]
Nobody = Annotated[bool, typer.Option("--nobody", help="Nobody is picked but whom this command names.")]
OnList = Annotated[str | None, typer.Option("--list", callback=new_id, help="Mailing list that recipients are put on.")]
OnTopic = Annotated[str | None, typer.Option(callback=new_id, help="What it is about; at first marketing.")]
OfPurpose = Annotated[Purpose | None, typer.Option(help="All but transactional are marketing.")]
OnBasis = Annotated[LawfulBasis | None, typer.Option(help="GDPR Art. 6; mandatory where GDPR is on.")]
MemberStatus = Annotated[str | None, typer.Option(help="Campaign member status of those added; at first Planned.")]
At = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="When it is meant to be sent: 2026-12-01T09:00Z; without Z, where they live."),
]
Information = Annotated[
    list[str] | None, typer.Option(metavar="NAME=TEXT", help="Owner, budget and the like, as you name them.")
]
Name = Annotated[str | None, typer.Option(help="Name for ourselves; at first the id.")]
Description = Annotated[str | None, typer.Option(help="For ourselves.")]
