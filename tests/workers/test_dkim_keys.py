"""Key files: what is read from a directory, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.mail import DkimBy
from config.settings import Settings
from domain.errors import KeyInvalid
from tests.domain.dkim_world import pem
from workers.dkim_keys import dkim_keys


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    return tmp_path / "keys"


def given(directory: Path | None, selectors: str = "s1", by: DkimBy = DkimBy.ENGINE) -> Settings:
    plain = Settings(_env_file=None)
    return plain.model_copy(
        update={
            "dkim": plain.dkim.model_copy(update={"directory": directory, "selectors": selectors}),
            "smtp": plain.smtp.model_copy(update={"dkim": by}),
        }
    )


def put(directory: Path, *records: str, content: bytes | None = None) -> None:
    for record in records:
        (directory / f"{record}.pem").write_bytes(pem() if content is None else content)


def signing(settings: Settings) -> dict[str, str]:
    """The selector that signs, by domain."""
    return {domain: key.name.selector for domain, key in dkim_keys(settings).by_domain.items()}


def test_each_domain_has_its_own_key(directory: Path) -> None:
    put(directory, "s1._domainkey.shop.example", "s1._domainkey.mail.shop.example", "s1._domainkey.other.example")
    assert signing(given(directory)) == {"shop.example": "s1", "mail.shop.example": "s1", "other.example": "s1"}


def test_the_first_selector_that_a_domain_has_a_key_of_signs(directory: Path) -> None:
    put(directory, "s1._domainkey.a.example", "s2._domainkey.a.example", "s1._domainkey.b.example")
    assert signing(given(directory, "s1")) == {"a.example": "s1", "b.example": "s1"}
    assert signing(given(directory, "s2 s1")) == {"a.example": "s2", "b.example": "s1"}


def test_a_key_that_is_not_chosen_is_not_even_read(directory: Path) -> None:
    put(directory, "s1._domainkey.a.example")
    put(directory, "s2._domainkey.a.example", content=b"not yet")
    assert signing(given(directory)) == {"a.example": "s1"}


def test_other_files_are_nobodys_business(directory: Path) -> None:
    (directory / "README").write_text("Ask the postmaster.")
    (directory / "..data").mkdir()
    assert signing(given(directory)) == {}


def test_without_a_directory_nothing_is_signed() -> None:
    assert signing(given(None)) == {}


def test_where_the_relay_signs_no_key_is_looked_at(directory: Path) -> None:
    put(directory, "s1._domainkey.a.example")
    put(directory, "s1._domainkey.b.example", content=b"broken")
    found = dkim_keys(given(directory, by=DkimBy.RELAY))
    assert (found.relay_signs, found.of("a.example")) == (True, None)
    assert dkim_keys(given(Path("nowhere"), by=DkimBy.RELAY)).relay_signs


def test_a_directory_that_is_not_there_is_named_with_its_variable(tmp_path: Path) -> None:
    with pytest.raises(KeyInvalid, match=r"^CAMPAIGNS_DKIM__DIRECTORY: there is no directory .*nowhere"):
        dkim_keys(given(tmp_path / "nowhere"))


def test_a_key_that_is_named_otherwise_is_not_passed_over_in_silence(directory: Path) -> None:
    put(directory, "shop.example")
    with pytest.raises(KeyInvalid, match=r"'shop\.example' names no DKIM key: write SELECTOR\._domainkey\.DOMAIN"):
        dkim_keys(given(directory))


def test_a_broken_key_is_named(directory: Path) -> None:
    put(directory, "s1._domainkey.a.example")
    put(directory, "s1._domainkey.b.example", content=b"broken")
    with pytest.raises(KeyInvalid, match=r"^s1\._domainkey\.b\.example: no private key in PEM"):
        dkim_keys(given(directory))


def test_a_directory_in_the_place_of_a_file_says_so(directory: Path) -> None:
    (directory / "s1._domainkey.a.example.pem").mkdir()
    with pytest.raises(KeyInvalid, match=r"a\.example\.pem: Is a directory"):
        dkim_keys(given(directory))


def test_keys_may_lie_beside_the_other_secrets(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "dkim").mkdir()
    put(directory / "dkim", "s1._domainkey.a.example")
    (directory / "dkim__directory").write_text(str(directory / "dkim"))
    monkeypatch.setenv("CAMPAIGNS_SECRETS_DIR", str(directory))
    monkeypatch.delenv("CAMPAIGNS_DKIM__DIRECTORY", raising=False)
    assert signing(Settings(_env_file=None)) == {"a.example": "s1"}
