"""Videos are told from links (R76)."""

from __future__ import annotations

import pytest

from domain.videos import video_in

ID = "dQw4w9WgXcQ"


@pytest.mark.parametrize(
    "url",
    [
        f"https://www.youtube.com/watch?v={ID}",
        f"http://youtube.com/watch?list=PL1&v={ID}&t=10",
        f"https://m.youtube.com/watch?v={ID}#t=4",
        f"https://youtu.be/{ID}?si=abc",
        f"https://www.youtube-nocookie.com/embed/{ID}",
        f"https://www.youtube.com/shorts/{ID}",
        f"https://img.youtube.com/vi/{ID}/maxresdefault.jpg",
        f"https://i3.ytimg.com/vi_webp/{ID}/0.webp",
    ],
)
def test_every_way_to_a_youtube_video_is_the_same_video(url: str) -> None:
    found = video_in(url)
    assert found is not None
    assert found.page == f"https://www.youtube.com/watch?v={ID}"
    assert found.proofs == (
        f"https://www.youtube.com/oembed?format=json&url=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3D{ID}",
        f"https://i.ytimg.com/vi/{ID}/default.jpg",
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://vimeo.com/76979871",
        "https://vimeo.com/76979871/8272103f6e",  # unlisted: only the whole link leads to it
        "https://player.vimeo.com/video/76979871?h=8272103f6e",
        "https://vimeo.com/channels/staffpicks/76979871",
    ],
)
def test_a_vimeo_video_is_asked_for_by_its_link_as_it_was_written(url: str) -> None:
    found = video_in(url)
    assert found is not None
    assert found.page == url
    assert [proof.partition("?url=")[0] for proof in found.proofs] == ["https://vimeo.com/api/oembed.json"]


def test_a_file_of_ones_own_is_its_own_proof() -> None:
    url = "https://cdn.green.shop/spring.mp4?x=1"
    found = video_in(url)
    assert found is not None
    assert found.proofs == (url,)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/@green",
        "https://www.youtube.com/embed/videoseries?list=PL1",
        "https://www.youtube.com/watch?v=tooshort",
        "https://vimeo.com/about",
        "https://vimeo.com/76979871-and-more",
        "https://green.shop/watch?v=dQw4w9WgXcQ",
        "https://green.shop/mp4",
    ],
)
def test_other_links_are_no_videos(url: str) -> None:
    assert video_in(url) is None
