"""Which links, images and videos a content has, and what their answers mean (R76, D8, D9)."""

from __future__ import annotations

import pytest

from domain.asset_findings import asset_findings, deleted_videos, is_sample
from domain.assets import Asset, AssetKind, Fetched, Trouble, assets_of, hashes_of_assets
from domain.campaign import Content
from domain.findings import Severity

LINK, IMAGE, VIDEO = AssetKind.LINK, AssetKind.IMAGE, AssetKind.VIDEO
HTML = """
<html><head><style>.top { background: url('https://g.shop/top.png') }</style></head>
<body background="//g.shop/back.png">
<a href="https://g.shop/a?x=1&amp;y=2#there">a</a> <a href="https://g.shop/a?x=1&amp;y=2">again</a>
<a href="mailto:us@g.shop">write</a> <a href="#top">up</a> <a href="/relative">r</a>
<a href="{{ unsubscribe_url }}">out</a> <a href="https://g.shop/{{ id }}">yours</a> <a href="$[LINK|https://x.y]$">b</a>
<img src="https://g.shop/1.png" srcset="https://g.shop/2.png 2x, https://g.shop/3.png 3x"><img src="cid:logo">
<table><tr><td style="background-image:url(https://g.shop/4.png)">x</td></tr></table>
{% if first_name %}<img src="https://g.shop/5.png">{% endif %}
<video src="https://g.shop/v.webm" poster="https://g.shop/6.png"><source src="https://g.shop/stream"></video>
<a href="https://youtu.be/dQw4w9WgXcQ"><img src="https://img.youtube.com/vi/dQw4w9WgXcQ/0.jpg"></a>
</body></html>
"""


def test_links_images_and_videos_are_found_once_wherever_they_stand() -> None:
    found = assets_of(Content("s", html=HTML, text="See https://g.shop/text. Or https://g.shop/{{ id }}, bye"))
    assert {(each.kind, each.url) for each in found} == {
        (IMAGE, "https://g.shop/top.png"), (IMAGE, "https://g.shop/back.png"), (LINK, "https://g.shop/a?x=1&y=2#there"),
        *((IMAGE, f"https://g.shop/{number}.png") for number in range(1, 7)),
        (VIDEO, "https://g.shop/v.webm"), (VIDEO, "https://g.shop/stream"),
        (VIDEO, "https://www.youtube.com/watch?v=dQw4w9WgXcQ"), (LINK, "https://g.shop/text"),
    }  # fmt: skip
    assert len({proof for each in found for proof in each.proofs}) == len(found) + 1, "a thumbnail more for YouTube"


def test_each_is_named_with_the_line_where_it_stands_first() -> None:
    tag = "{{ name\n|default('x') }}"
    css = "<style>\n.a { background: url(https://g.shop/s.png) }</style>"
    page = f"{css}\r\n<p>{tag}</p>\n<a href='https://g.shop/?a=1&amp;b=2'>a</a>\n<img src=https://g.shop/i.png>"
    assert [(each.url, each.place) for each in assets_of(Content("s", html=page))] == [
        ("https://g.shop/s.png", "html, line 2"),
        ("https://g.shop/?a=1&b=2", "html, line 5"),
        ("https://g.shop/i.png", "html, line 6"),
    ]


@pytest.mark.parametrize("odd", ["<![<!", "<!", "<![if !mso]>", "<!--", "<a ", "</", "&#xD800;", "<a href"])
def test_odd_html_hides_nothing_before_it_and_raises_nothing(odd: str) -> None:
    page = f'<a href="https://g.shop/a">a</a>{odd}'
    assert [each.url for each in assets_of(Content("s", html=page))] == ["https://g.shop/a"]
    assert [each.url for each in assets_of(Content("s", html=page + odd * 20_000))] == ["https://g.shop/a"]


def test_nothing_written_is_nothing_to_fetch() -> None:
    assert assets_of(Content("s", html=None, text=None)) == ()


def asset(kind: AssetKind, url: str = "https://g.shop/x", *proofs: str) -> Asset:
    return Asset(kind, url, proofs or (url,))


@pytest.mark.parametrize(
    ("kind", "answer", "rule"),
    [
        (LINK, Fetched(200), None),
        (LINK, Fetched(206), None),
        (LINK, Fetched(404), "dead-link"),
        (LINK, Fetched(410), "dead-link"),
        (IMAGE, Fetched(404), "dead-image"),
        (VIDEO, Fetched(404), "deleted-video"),
        (LINK, Fetched(403), "unchecked-asset"),  # many sites refuse programs
        (LINK, Fetched(503), "unchecked-asset"),
        (VIDEO, Fetched(500), "unchecked-asset"),
        (LINK, Fetched(304), "unchecked-asset"),
        *((VIDEO, Fetched(trouble=trouble), "unchecked-asset") for trouble in Trouble),
        *((IMAGE, Fetched(trouble=trouble), "unchecked-asset") for trouble in Trouble),
    ],
)
def test_only_what_is_certain_is_an_error(kind: AssetKind, answer: Fetched, rule: str | None) -> None:
    """R76: a time-out is no evidence."""
    found = asset_findings([asset(kind)], {"https://g.shop/x": answer})
    assert [finding.rule for finding in found] == ([rule] if rule else [])
    assert [finding.severity for finding in found] == (
        [] if rule is None else [Severity.UNKNOWN if rule == "unchecked-asset" else Severity.ERROR]
    )
    assert (deleted_videos(found) is not None) == (rule == "deleted-video")


def test_an_unknown_name_counts_where_another_name_is_known() -> None:
    """A machine without DNS knows none."""
    assets = [asset(LINK, "https://gone.shop/"), asset(LINK, "https://g.shop/"), asset(LINK, "http://192.0.2.1/")]
    nowhere = Fetched(trouble=Trouble.NO_HOST)
    answers = {"https://gone.shop/": nowhere, "https://g.shop/": nowhere, "http://192.0.2.1/": Fetched(200)}
    assert [each.rule for each in asset_findings(assets, answers)] == ["unchecked-asset", "unchecked-asset"]
    found = asset_findings(assets, {**answers, "https://g.shop/": Fetched(500)})
    assert [each.rule for each in found] == ["dead-link", "unchecked-asset"], "errors first"
    assert found[0].text == "the link https://gone.shop/ is dead: its name is not known"


@pytest.mark.parametrize(
    ("oembed", "thumbnail", "rule"),
    [
        (Fetched(200), Fetched(404), None),
        (Fetched(404), Fetched(200), "deleted-video"),  # thumbnails stay in caches for a while
        (Fetched(401), Fetched(200), None),  # may not be embedded, and is there
        (Fetched(401), Fetched(404), "deleted-video"),  # private
        (Fetched(400), Fetched(404), "deleted-video"),  # no such number
        (Fetched(403), Fetched(trouble=Trouble.TIME_OUT), "unchecked-asset"),
        (Fetched(trouble=Trouble.TIME_OUT), Fetched(404), "unchecked-asset"),
    ],
)
def test_where_a_video_site_says_neither_the_thumbnail_decides(
    oembed: Fetched, thumbnail: Fetched, rule: str | None
) -> None:
    found = asset_findings([asset(VIDEO, "https://v.io/1", "o", "t")], {"o": oembed, "t": thumbnail})
    assert [finding.rule for finding in found] == ([rule] if rule else [])


@pytest.mark.parametrize("host", ["example.com", "www.example.org", "news.green.example", "x.test", "example.com."])
def test_names_for_samples_lead_nowhere_and_nobody_asks(host: str) -> None:
    """RFC 2606, RFC 6761."""
    url = f"https://{host}/story"
    assert is_sample(url)
    assert [finding.rule for finding in asset_findings([asset(LINK, url)], {})] == ["sample-link"]


@pytest.mark.parametrize("url", ["https://myexample.com/", "https://example.com.evil.net/", "https://[bad/"])
def test_other_names_are_asked(url: str) -> None:
    assert not is_sample(url)


def test_d9_the_hash_of_an_image_changes_with_it_and_pages_have_none() -> None:
    assets = (asset(LINK, "p"), asset(IMAGE, "i"), asset(IMAGE, "quiet"))
    before = hashes_of_assets(assets, {"p": Fetched(200, fingerprint='"1"'), "i": Fetched(200, fingerprint='"1"')})
    page = hashes_of_assets(assets, {"p": Fetched(200, fingerprint='"2"'), "i": Fetched(200, fingerprint='"1"')})
    image = hashes_of_assets(assets, {"p": Fetched(200, fingerprint='"1"'), "i": Fetched(200, fingerprint='"2"')})
    assert (before == page, before == image, list(before)) == (True, False, ["i"])
    assert len(before["i"]) == 16


def test_d9_what_a_video_site_says_of_a_video_is_not_the_video() -> None:
    there = Fetched(200, fingerprint='"1"')
    on_a_site, own = asset(VIDEO, "https://v.io/1", "https://v.io/oembed"), asset(VIDEO, "https://g.shop/v.mp4")
    fetched = {"https://v.io/oembed": there, "https://g.shop/v.mp4": there}
    assert list(hashes_of_assets((on_a_site, own), fetched)) == ["https://g.shop/v.mp4"]


def test_a_finding_says_in_which_line_of_the_html_it_is() -> None:
    html = (
        '<p>\n{% if\n first_name %}</p>\n<a href="https://g.shop/a?x=1&amp;y=2">a</a>\n<img\n src="https://g.shop/i">'
    )
    found = assets_of(Content("s", html=html, text="https://g.shop/t"))
    assert [each.place for each in found] == ["html, line 4", "html, line 6", "text"]
    [finding] = asset_findings(found[1:2], {"https://g.shop/i": Fetched(404)})
    assert (finding.rule, finding.place) == ("dead-image", "html, line 6")
