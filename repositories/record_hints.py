"""Hints of filters as queries on records; see domain/filter_hints.py, and repositories/values.py for what is stored."""

from __future__ import annotations

import re

from domain.filter_hints import Between, Both, Hint, Holds
from repositories.connection import Document

_NOT_ASCII = r"[^\x00-\x7F]"
#: Lists, maps and numbers that BSON has not are stored as JSON: only the filter itself can read them.
_AS_JSON: Document = {"v": {"$type": "object"}}


def query_of(hint: Hint) -> Document:
    if isinstance(hint, Holds):
        return _with(hint.field, _holding(hint.letters))
    if isinstance(hint, Between):
        return _with(hint.field, _between(hint))
    parts = [query_of(part) for part in hint.parts]
    return {"$and": parts} if isinstance(hint, Both) else {"$or": parts}


def _with(field: str, values: list[Document]) -> Document:
    return {"fields": {"$elemMatch": {"k": field, "$or": values}}}


def _holding(letters: str | None) -> list[Document]:
    texts = [_NOT_ASCII] if letters is None else [_NOT_ASCII, re.escape(letters)]
    no_text: Document = {"v": {"$type": ["number", "bool", "object"]}}
    return [{"v": {"$regex": "|".join(texts), "$options": "i"}}, no_text]


def _between(hint: Between) -> list[Document]:
    number: Document = {"v": {"$gte": hint.least, "$lte": hint.most}}
    return [number, {"v": {"$regex": f"[0-9]|{_NOT_ASCII}"}}, _AS_JSON]
