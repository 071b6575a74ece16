"""Options of `campaigns import`, each explained once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.campaign import LawfulBasis
from domain.contact import SubscriptionType

SHAPE = "COLUMN=field"  #: how a column is mapped

File = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="CSV; row 1 names the columns.")
]
IntoModule = Annotated[
    str | None, typer.Option(help="Into records of this CRM module: Leads, Contacts, or a custom one.")
]
OntoList = Annotated[str | None, typer.Option("--list", metavar="LIST", help="Onto this mailing list.")]
IntoCampaign = Annotated[
    str | None,
    typer.Option(metavar="CAMPAIGN", help="Into the recipients of this draft, as records of --module (Leads)."),
]
Mapped = Annotated[
    list[str] | None,
    typer.Option("--map", metavar=SHAPE, help="What a column fills, where its name does not say it; = ignores it."),
]
Encoding = Annotated[str | None, typer.Option(help="Of the file, such as cp1252; else it is found out.")]
Delimiter = Annotated[str | None, typer.Option(help="Between cells, such as ; or tab; else it is found out.")]
Preview = Annotated[bool, typer.Option("--preview", help="Show the columns and the first rows; nothing is imported.")]
RefusedTo = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Write the refused rows with their reasons to this CSV file.")
]
Snapshot = Annotated[
    bool | None,
    typer.Option(help="Say afterwards that these are all records of the module; the default where they have ids."),
]
OfType = Annotated[
    SubscriptionType | None, typer.Option("--type", help="Why they are on the list; else as the list says.")
]
Topics = Annotated[list[str] | None, typer.Option(help="Topic they subscribe to, unless they left it.")]
Proof = Annotated[str | None, typer.Option(help="They opted in: what proves it, such as the form and its text.")]
OnBasis = Annotated[LawfulBasis | None, typer.Option(help="Lawful basis of writing to them (with --proof).")]
Author = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Who picks them, never who approves the campaign; at first your login."),
]
Anew = Annotated[bool, typer.Option("--anew", help="From the first row on, though it was interrupted.")]
