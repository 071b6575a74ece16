"""The `campaigns` command with everything in it."""

from __future__ import annotations

from cli import (
    audit,
    campaign,
    catch_mail,
    check,
    classify,
    contacts,
    dkim,
    explain,
    feed,
    help_with,
    imports,
    in_doubt,
    inbound,
    integration,
    lists,
    module,
    parked,
    publish,
    reclassify,
    retention,
    series,
    servers,
    status,
    suppressions,
    sync,
    template,
    throttle,
    token,
    worker,
)
from cli.demo import command as demo
from cli.entry import without_commands

app = without_commands()
for room in (servers, worker, publish, status, explain, help_with, check, classify, reclassify, catch_mail, demo):
    room.register(app)
app.add_typer(imports.app, name="import")
app.add_typer(sync.app, name="sync")
app.add_typer(module.app, name="module")
app.add_typer(lists.list_app, name="list")
app.add_typer(lists.topic_app, name="topic")
app.add_typer(contacts.app, name="contact")
app.add_typer(suppressions.app, name="suppression")
app.add_typer(template.app, name="template")
app.add_typer(campaign.app, name="campaign")
app.add_typer(series.app, name="series")
app.add_typer(throttle.app, name="throttle")
app.add_typer(dkim.app, name="dkim")
app.add_typer(feed.app, name="feed")
app.add_typer(integration.app, name="integration")
app.add_typer(parked.app, name="parked")
app.add_typer(token.app, name="token")
app.add_typer(inbound.app, name="inbound")
app.add_typer(in_doubt.app, name="in-doubt")
app.add_typer(audit.app, name="audit")
app.add_typer(retention.app, name="retention")
