"""The templates that come with the product (R42): pre-designed ones and basic ones, each with places to fill."""

import html
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType

import mrml

from domain.campaign import Purpose
from domain.errors import InvalidDefinition
from domain.merge_tags import as_words, check_closed, shown
from domain.template import TemplateSource
from domain.template_engine import check_size

_FILES = resources.files("domain") / "templates"
_PLACE = re.compile(r"\[\[(\w+)\]\]")
_PART = re.compile(r"\[\[#(\w+)\]\](.*?)\[\[/\1\]\]", re.DOTALL)
_SHARED = re.compile(r"\[\[> (\w+)\]\]")


class Shelf(StrEnum):
    """Where a template is offered (R42)."""

    PREDESIGNED = "pre-designed"
    BASIC = "basic"
    SAVED = "saved"  #: by people, under a name
    SENT = "recently sent"  #: a campaign's content


@dataclass(frozen=True, slots=True)
class Predesigned:
    """One template of ours, not filled yet."""

    name: str
    title: str
    kind: Shelf
    purpose: Purpose
    description: str
    subject: str
    preheader: str
    places: Mapping[str, str]  #: what can be filled in, with what stands there otherwise
    to_fill: tuple[str, ...] = ()  #: places whose own text is a sample, for no reader's eyes

    def unfilled(self, html: str, text: str) -> list[str]:
        """The places to fill whose own text still stands in this content."""
        return [name for name in self.to_fill if _as_markup(self.places[name]) in html or self.places[name] in text]

    def source(
        self, content: Mapping[str, str] = MappingProxyType({}), *, subject: str = "", preheader: str = ""
    ) -> TemplateSource:
        """The template filled with `content`, by place; merge fields may stand in it, HTML may not.

        Raises:
            InvalidDefinition: `content` names a place that this template does not have.
            TemplateInvalid: a text is too large, or has a merge tag that never ends.
        """
        unknown = sorted(content.keys() - self.places.keys())
        if unknown:
            raise InvalidDefinition(
                f"template {self.name} has no place {', '.join(unknown)}; it has {', '.join(sorted(self.places))}"
            )
        for place, text in content.items():
            check_size(place, text)
            check_closed(text, place)
        filled = {**self.places, **content}
        subject, preheader = subject or self.subject, preheader or self.preheader
        if (_FILES / f"{self.name}.mjml").is_file():
            return TemplateSource(subject, preheader, html=_html(self.name, filled))
        return TemplateSource(subject, preheader, text=_filled(_written(f"{self.name}.txt"), filled))


@cache
def predesigned_templates() -> Mapping[str, Predesigned]:
    """All of them by name, pre-designed ones first."""
    index = tomllib.loads(_written("index.toml"))
    return MappingProxyType({name: _entry(name, entry) for name, entry in index.items()})


def predesigned(name: str) -> Predesigned:
    """The template of that name.

    Raises:
        InvalidDefinition: there is none.
    """
    known = predesigned_templates()
    if name not in known:
        raise InvalidDefinition(f"no template {name} comes with the product; there are {', '.join(known)}")
    return known[name]


def _entry(name: str, entry: Mapping[str, str | Mapping[str, str]]) -> Predesigned:
    texts = {key: value for key, value in entry.items() if isinstance(value, str)}
    places, to_fill = entry["places"], entry.get("to_fill", ())
    return Predesigned(
        name=name,
        title=texts["title"],
        kind=Shelf(texts["kind"]),
        purpose=Purpose(texts["purpose"]),
        description=texts["description"],
        subject=texts["subject"],
        preheader=texts["preheader"],
        places=MappingProxyType(dict(places) if isinstance(places, Mapping) else {}),
        to_fill=tuple(to_fill),
    )


@cache
def _written(file_name: str) -> str:
    """What stands in a file of ours, with the parts that it shares with others in their places."""
    written = (_FILES / file_name).read_text(encoding="utf-8")
    return _SHARED.sub(lambda part: _written(f"parts/{part[1]}.mjml"), written)


def _html(name: str, content: Mapping[str, str]) -> str:
    """The MJML with its places filled, as HTML (0.3 ms). Merge tags are words meanwhile: MJML is XML."""
    mjml = _filled(_written(f"{name}.mjml"), {place: _as_markup(text) for place, text in content.items()})
    words, tags = as_words(mjml)
    return shown(mrml.to_html(words).content, tags)


def _filled(written: str, content: Mapping[str, str]) -> str:
    kept = _PART.sub(lambda part: part[2] if content[part[1]] else "", written)
    return _PLACE.sub(lambda place: content[place[1]], kept)


def _as_markup(text: str) -> str:
    """The text as HTML with its merge tags as they are; an empty line begins a paragraph."""
    words, tags = as_words(text)
    escaped = html.escape(words.replace("\r\n", "\n")).replace("\n\n", "<br /><br />").replace("\n", "<br />")
    return shown(escaped, tags)
