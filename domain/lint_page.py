"""What the content lint needs to know of a page of HTML, as a browser would read it (lexbor, a parser of HTML5).

The standard library's parser reads on to the end from each tag that is never closed: minutes for 100 kB of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import ElementNode, HTMLTree

_ACTIVE = frozenset({"script", "form", "iframe", "object", "embed", "applet", "base"})


@dataclass(frozen=True, slots=True)
class Page:
    text: str  #: what a reader sees, hidden or not
    labelled_links: tuple[tuple[str, str], ...]  #: target and words of each link
    images: int
    images_without_alt: int
    language: str
    active: frozenset[str]  #: what mail programs refuse, in words: "<script>", "an onclick handler"

    @property
    def hrefs(self) -> frozenset[str]:
        return frozenset(href for href, _ in self.labelled_links)


def page_of(html: str) -> Page:
    """What is on the page."""
    tree = HTMLTree.parse(html)
    elements = elements_of(tree)
    images = [each for each in elements if each.tag == "img"]
    links = [each for each in elements if each.tag in {"a", "area"}]
    return Page(
        text=_squeezed(extract_plain_text(tree, links=False, alt_texts=False)),
        labelled_links=tuple((_attribute(each, "href"), _squeezed(each.text or "")) for each in links),
        images=len(images),
        images_without_alt=sum("alt" not in each.attrs for each in images),
        language=next((_attribute(each, "lang") for each in elements if each.tag == "html"), ""),
        active=frozenset(what for each in elements for what in _active(each)),
    )


def elements_of(tree: HTMLTree) -> Sequence[ElementNode]:
    """Every element, in the order in which they stand."""
    # walked, not selected: reading a collection of this library takes the square of its length
    return [node for node in tree.document or () if isinstance(node, ElementNode)]


def _attribute(element: ElementNode, name: str) -> str:
    return element.getattr(name) or ""


def _active(element: ElementNode) -> list[str]:
    tags = [f"<{element.tag}>"] if element.tag in _ACTIVE else []
    return tags + [f"an {name} handler" for name in element.attrs if name.startswith("on")]


def _squeezed(text: str) -> str:
    return " ".join(text.split())
