"""A key, and DNS as it would be with its record: what a verifier needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from domain.dkim_key import DkimKey, DkimKeys, KeyName, dkim_key


@cache
def pem(bits: int = 2048) -> bytes:
    """A new private key, the same for every test of a session."""
    private = generate_private_key(public_exponent=65537, key_size=bits)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def a_key(domain: str = "shop.example", selector: str = "s1") -> DkimKey:
    return dkim_key(KeyName(selector, domain), pem())


def keys_of(*domains: str) -> DkimKeys:
    return DkimKeys({domain: a_key(domain) for domain in domains})


def dns(key: DkimKey) -> Callable[..., bytes | None]:
    def txt(name: bytes, timeout: int = 5) -> bytes | None:
        return key.record_value.encode() if name.decode() == f"{key.name.record}." else None

    return txt


def verified(raw: bytes, key: DkimKey) -> bool:
    """Whether dkimpy, an implementation that is not ours, finds the signature good."""
    return bool(dkim.verify(raw, dnsfunc=dns(key)))
