"""A real Postfix of the test's own: its configuration, queue and mailboxes in one directory, nothing of the system's.

It takes mail for x.example into one mailbox. `unknown@` is refused for good, `full@` and `grey@` for now. On a third
port it takes everything for x.example and reports back what it can't deliver: `quota@` has a mailbox that is full.
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

from cli.embedded.ports import any_free
from tests.integration.system_program import program

_QUOTA_BYTES = 1 << 20
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
smtp      unix  - - n -    - smtp
anvil     unix  - - n -    1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    directory: Path
    port: int  #: offers PIPELINING, STARTTLS, SMTPUTF8
    plain_port: int  #: offers no SMTPUTF8 and no PIPELINING
    late_port: int = 0  #: refuses nobody: delivery reports follow
    reports_port: int = 0  #: where reports to bounces.x.example are handed to, if anywhere

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
def postfix(certificate: Path, reports_port: int = 0) -> Iterator[Postfix]:
    """One that runs. Skips the test, saying why, where there can be none."""
    command = _program()
    with tempfile.TemporaryDirectory(prefix="campaigns-postfix-", ignore_cleanup_errors=True) as name:
        found = Postfix(Path(name), any_free(), any_free(), any_free(), reports_port)
        _configure(found, certificate)
        _run(command, found, "start")
        try:
            yield found
        finally:
            _run(command, found, "stop")


def _program() -> str:
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root only, and these tests do not run as root")
    return program("postfix")


def _configure(made: Postfix, certificate: Path) -> None:
    base = made.directory
    base.chmod(0o755)  # Postfix's daemons are not root
    for name, owner in (("queue", "root"), ("data", "postfix"), ("mail", "nobody"), ("conf", "root")):
        (base / name).mkdir()
        shutil.chown(base / name, owner)
    shutil.copy(certificate, base / "conf" / "tls.pem")
    (base / "conf" / "people").write_text("/^(p[0-9]+|é)@x\\.example$/ inbox/\n")
    with (base / "conf" / "people").open("a") as people:
        people.write("/^quota@x\\.example$/ full\n")
    (base / "mail" / "full").write_bytes(b"x" * (_QUOTA_BYTES - 10))
    shutil.chown(base / "mail" / "full", "nobody")
    (base / "mail" / "full").chmod(0o600)
    (base / "conf" / "main.cf").write_text(_main(made))
    smtpd = "  inet  n - n - - smtpd\n"
    less = "  -o smtputf8_enable=no\n  -o smtpd_discard_ehlo_keywords=pipelining\n"
    late = "  -o smtpd_recipient_restrictions=reject_unauth_destination\n  -o smtpd_reject_unlisted_recipient=no\n"
    listening = (
        f"127.0.0.1:{made.port}{smtpd}127.0.0.1:{made.plain_port}{smtpd}{less}127.0.0.1:{made.late_port}{smtpd}{late}"
    )
    services = f"{listening}{_SERVICES.lstrip()}"
    (base / "conf" / "master.cf").write_text(services)


def _main(made: Postfix) -> str:
    base = made.directory
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
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
transport_maps = inline:{{ bounces.x.example=smtp:[127.0.0.1]:{made.reports_port} }}
message_size_limit = {_QUOTA_BYTES}
virtual_mailbox_limit = {_QUOTA_BYTES}
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
