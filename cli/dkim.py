"""`campaigns dkim`: the keys that sign mail, and what has to stand in DNS for them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cli import context
from cli.output import Json, print_json, tell
from config.loading import load
from config.settings import Settings, variable
from domain.content_failure import ContentFailed
from domain.dkim_key import KEY_BITS, DkimKey, KeyName, dkim_key, key_name, record_strings
from domain.errors import InvalidDefinition, KeyInvalid
from domain.mail_headers import a_label
from domain.sender_domain import public_mail_domain
from workers.dkim_keys import SUFFIX, engine_signs, key_files, read_key, signing

app = typer.Typer(help="DKIM: keys that sign mail, one a sender domain.", no_args_is_help=True)

Domain = Annotated[str, typer.Argument(metavar="DOMAIN", help="What stands after the @ of the sender's address.")]


@app.command()
def generate(
    domain: Domain,
    selector: Annotated[
        str, typer.Option(help="Name of the key below the domain; another one for each new key.")
    ] = "s1",
    as_json: Json = False,
) -> None:
    """Make a key for a domain, and print the DNS record to publish."""
    settings = load()
    name = _name(selector, domain)
    if service := public_mail_domain(name.domain):
        raise InvalidDefinition(f"{domain} belongs to {service}: nobody else can publish a key there")
    directory = context.dkim_directory(settings)
    pem = _new_pem()
    path = _written(directory / f"{name.record}{SUFFIX}", pem)
    found = _view(dkim_key(name, pem), path, signs=_signs(settings, {**key_files(directory), name: path}, name))
    if as_json:
        return print_json(found)
    tell(f"The private key is in {path}: it is nobody else's to read. Back it up.")
    _tell_record(found)
    _tell_next(settings, name, directory)


@app.command()
def show(domain: Domain, as_json: Json = False) -> None:
    """Show the keys of a domain with their DNS records, and which of them signs."""
    settings = load()
    directory = context.dkim_directory(settings)
    wanted = _name("s1", domain).domain
    files = key_files(directory) if directory.is_dir() else {}
    own = {name: path for name, path in files.items() if name.domain == wanted}
    if not own:
        raise KeyInvalid(f"{directory} has no key of {wanted}: `campaigns dkim generate {wanted}`")
    found = [_view(read_key(name, path), path, signs=_signs(settings, files, name)) for name, path in own.items()]
    if as_json:
        return print_json(found)
    for one in found:
        tell(f"{one['file']}: {'signs' if one['signs'] else _why_silent(settings)}")
        _tell_record(one)


def _name(selector: str, domain: str) -> KeyName:
    try:
        return key_name(f"{selector}._domainkey.{a_label(domain.strip().rstrip('.').lower())}")
    except (ContentFailed, KeyInvalid):
        rule = "a domain such as shop.example, and a selector of letters, digits and -"
        raise typer.BadParameter(f"{domain!r} with selector {selector!r}: write {rule}") from None


def _new_pem() -> bytes:
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _written(path: Path, pem: bytes) -> Path:
    """The file, made with nobody else's right to read it. A key that is there is never overwritten."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyInvalid(f"{path} is there already; `campaigns dkim show` shows it, --selector makes another") from None
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    return path


def _view(key: DkimKey, path: Path, *, signs: bool) -> dict[str, object]:
    strings = record_strings(key.record_value)
    return {
        "domain": key.name.domain,
        "selector": key.name.selector,
        "file": path,
        "signs": signs,
        "record": {"name": key.name.record, "type": "TXT", "value": key.record_value, "strings": strings},
    }


def _signs(settings: Settings, files: Mapping[KeyName, Path], name: KeyName) -> bool:
    chosen, _ = signing(files, settings.dkim.selectors.split()).get(name.domain, (None, None))
    return engine_signs(settings) and chosen == name


def _why_silent(settings: Settings) -> str:
    if not engine_signs(settings):
        return f"does not sign: {variable('smtp', 'dkim')} is relay"
    return f"does not sign: {variable('dkim', 'selectors')} is {settings.dkim.selectors}"


def _tell_record(found: Mapping[str, object]) -> None:
    record = found["record"]
    assert isinstance(record, dict)
    tell(f"\nTXT record:\n  name   {record['name']}\n  value  {record['value']}")
    quoted = " ".join(f'"{string}"' for string in record["strings"])
    tell(f"The same as a line of a zone file:\n  {record['name']}. 3600 IN TXT ( {quoted} )\n")


def _tell_next(settings: Settings, name: KeyName, directory: Path) -> None:
    tell("Next:")
    tell(f"  1. Publish the record, and wait until it is seen: dig +short TXT {name.record}")
    where = f"Give {variable('dkim', 'directory')} (here {directory}) to every worker that reviews or sends"
    tell(f"  2. {where}, and start them anew: keys are read at the start.")
    selectors = settings.dkim.selectors.split()
    if name.selector not in selectors:
        wanted = " ".join([name.selector, *selectors])
        tell(f'  3. Only then set {variable("dkim", "selectors")}="{wanted}". Leave the old record in DNS for a week.')
    if not engine_signs(settings):
        tell(f"  {variable('smtp', 'dkim')} is relay: this key signs nothing until it is engine.")
