"""A real Postfix of the test's own: its configuration, queue and mailboxes in one directory, nothing of the system's.

It takes mail for x.example into one mailbox. `unknown@` is refused for good, `full@` and `grey@` for now.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.embedded import CannotStart
from cli.embedded.install import ensure_packages
from cli.embedded.ports import any_free

_SBIN = "/usr/sbin:/usr/local/sbin"
#: What a mail passes on its way from smtpd to the mailbox. No service is in a chroot.
_SERVICES = """
cleanup   unix  n - n -    0 cleanup
qmgr      unix  n - n 300  1 qmgr
tlsmgr    unix  - - n 1000 1 tlsmgr
rewrite   unix  - - n -    - trivial-rewrite
bounce    unix  - - n -    0 bounce
defer     unix  - - n -    0 bounce
trace     unix  - - n -    0 bounce
proxymap  unix  - - n -    - proxymap
error     unix  - - n -    - error
retry     unix  - - n -    - error
virtual   unix  - n n -    - virtual
anvil     unix  - - n -    1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    directory: Path
    port: int  #: offers PIPELINING, STARTTLS, SMTPUTF8
    plain_port: int  #: offers no SMTPUTF8 and no PIPELINING

    def delivered(self) -> list[bytes]:
        """What lies in the mailbox, in no order."""
        return [path.read_bytes() for path in (self.directory / "mail" / "inbox" / "new").glob("*")]

    def queued(self) -> int:
        """Mails that are on their way to it."""
        queues = [self.directory / "queue" / name for name in ("maildrop", "incoming", "active", "deferred", "hold")]
        return sum(path.is_file() for queue in queues for path in queue.rglob("*"))

    @property
    def log(self) -> str:
        return (self.directory / "maillog").read_text()


@contextmanager
def postfix(certificate: Path) -> Iterator[Postfix]:
    """One that runs. Skips the test, saying why, where there can be none."""
    program = _program()
    with tempfile.TemporaryDirectory(prefix="campaigns-postfix-", ignore_cleanup_errors=True) as name:
        found = Postfix(Path(name), any_free(), any_free())
        _configure(found, certificate)
        _run(program, found, "start")
        try:
            yield found
        finally:
            _run(program, found, "stop")


def _program() -> str:
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root only, and these tests do not run as root")
    if not _found():
        try:
            ensure_packages(("postfix",), say=print)
        except CannotStart as error:
            pytest.skip(f"there is no Postfix here: {error}")
    program = _found()
    assert program, "the package was installed, and brings no postfix command"
    return program


def _found() -> str | None:
    return shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:{_SBIN}")


def _configure(made: Postfix, certificate: Path) -> None:
    base = made.directory
    base.chmod(0o755)  # Postfix's daemons are not root
    for name, owner in (("queue", "root"), ("data", "postfix"), ("mail", "nobody"), ("conf", "root")):
        (base / name).mkdir()
        shutil.chown(base / name, owner)
    shutil.copy(certificate, base / "conf" / "tls.pem")
    (base / "conf" / "people").write_text("/^(p[0-9]+|é)@x\\.example$/ inbox/\n")
    (base / "conf" / "main.cf").write_text(_main(base))
    smtpd = "  inet  n - n - - smtpd\n"
    less = "  -o smtputf8_enable=no\n  -o smtpd_discard_ehlo_keywords=pipelining\n"
    services = f"127.0.0.1:{made.port}{smtpd}127.0.0.1:{made.plain_port}{smtpd}{less}{_SERVICES.lstrip()}"
    (base / "conf" / "master.cf").write_text(services)


def _main(base: Path) -> str:
    nobody = (base / "mail").stat()
    return f"""compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
maillog_file = {base}/maillog
maillog_file_prefixes = {base}
myhostname = mx.x.example
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtputf8_enable = yes
smtpd_tls_chain_files = {base}/conf/tls.pem
smtpd_tls_security_level = may
virtual_mailbox_domains = x.example
virtual_mailbox_base = {base}/mail
virtual_mailbox_maps = regexp:{base}/conf/people
virtual_uid_maps = static:{nobody.st_uid}
virtual_gid_maps = static:{nobody.st_gid or 65534}
smtpd_recipient_restrictions =
  check_recipient_access inline:{{
    {{ full@x.example = 452 4.2.2 mailbox full }},
    {{ grey@x.example = 450 4.2.0 greylisted, come again }} }},
  reject_unlisted_recipient, reject_unauth_destination
"""


def _run(program: str, made: Postfix, verb: str) -> None:
    command = [program, "-c", str(made.directory / "conf"), verb]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"postfix {verb}: {done.stdout}{done.stderr}"
