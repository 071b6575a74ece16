"""The script that installs Debian packages, with an apt-get of ours that notes what it saw."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.embedded.install import APT_SCRIPT

APT_GET = """#!/bin/sh
echo "$*" >> {root}/calls
[ "$1" = install ] || exit 0
if {policy} rabbitmq-server start; then echo 0 >> {root}/allowed; else echo $? >> {root}/allowed; fi
exit {status}
"""


@dataclass
class FakeMachine:
    root: Path

    @property
    def policy(self) -> Path:
        return self.root / "policy-rc.d"

    def apt_get_ends_with(self, status: int) -> None:
        self.program("apt-get", APT_GET.format(root=self.root, policy=self.policy, status=status))

    def program(self, name: str, text: str) -> Path:
        path = self.root / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def run(self) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["/bin/sh", str(APT_SCRIPT), str(self.policy), "rabbitmq-server"],
            env={"PATH": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
        )

    def lines(self, name: str) -> list[str]:
        return (self.root / name).read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    made = FakeMachine(tmp_path)
    made.apt_get_ends_with(0)
    # Nothing else is on its PATH: this machine may well have the server that the script is asked for.
    for name in ("chmod", "cp", "grep", "rm", "tr"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    for name in ("update-rc.d", "systemctl"):
        made.program(name, f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/services\n')
    return made


def test_no_server_may_start_while_packages_are_installed(machine: FakeMachine) -> None:
    assert machine.run().returncode == 0
    assert machine.lines("allowed") == ["101"]
    assert not machine.policy.exists()


def test_the_policy_is_removed_when_the_installation_fails(machine: FakeMachine) -> None:
    machine.apt_get_ends_with(100)
    assert machine.run().returncode == 100
    assert not machine.policy.exists()


def test_package_lists_are_fetched_only_when_the_first_try_fails(machine: FakeMachine) -> None:
    machine.run()
    assert [line.split()[0] for line in machine.lines("calls")] == ["install"]
    machine.apt_get_ends_with(100)
    machine.run()
    assert [line.split()[0] for line in machine.lines("calls")[1:]] == ["install", "update", "install"]


def test_the_administrators_policy_is_used_and_left_alone(machine: FakeMachine) -> None:
    text = "#!/bin/sh\n# the administrator's\nexit 101\n"
    machine.program("policy-rc.d", text)
    assert machine.run().returncode == 0
    assert machine.policy.read_text() == text


def test_an_administrators_policy_that_allows_starting_stops_the_installation(machine: FakeMachine) -> None:
    text = "#!/bin/sh\nexit 0\n"
    machine.program("policy-rc.d", text)
    run = machine.run()
    assert run.returncode == 3
    assert "not ours to change" in run.stderr
    assert machine.policy.read_text() == text
    assert not (machine.root / "calls").exists()


def test_what_a_killed_run_left_behind_is_recognised_and_removed(machine: FakeMachine) -> None:
    machine.program("apt-get", f"#!/bin/sh\ncp {machine.policy} {machine.root}/copy\n")
    machine.run()
    machine.program("policy-rc.d", (machine.root / "copy").read_text())
    assert machine.run().returncode == 0
    assert not machine.policy.exists()


def test_what_is_new_does_not_come_up_at_the_next_boot(machine: FakeMachine) -> None:
    machine.run()
    assert machine.lines("services") == [
        "update-rc.d rabbitmq-server disable",
        "systemctl disable epmd.socket epmd.service",
    ]


def test_a_service_that_was_there_before_stays_as_it_is(machine: FakeMachine) -> None:
    for name in ("rabbitmq-server", "epmd"):
        machine.program(name, "#!/bin/sh\n")
    machine.run()
    assert not (machine.root / "services").exists()
