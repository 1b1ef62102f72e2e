"""Which addresses of an issue are asked for, and what is taken from them: GitHub's own, few, small, and images."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from strategies.issue import IssueImage
from workers.github.issue_images import LARGEST, MOST, addresses, fetch_images, is_githubs, kind_of

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20
ASSET = "https://github.com/user-attachments/assets/3f2a-11"
SIGNED = "https://private-user-images.githubusercontent.com/1/2.png?jwt=abc"


@pytest.mark.parametrize(
    "address",
    [
        ASSET, SIGNED, "https://user-images.githubusercontent.com/1/2-a.png",
        "https://raw.githubusercontent.com/ada/x/main/a.png", "https://github.com/ada/x/raw/main/a.png",
        "https://github.com/ada/x/blob/main/a.png?raw=true", "https://github.com/ada/x/assets/12/3f2a",
        "https://github-production-user-asset-6210df.s3.amazonaws.com/1/2.png?X-Amz=1",
    ],
)  # fmt: skip
def test_githubs_own_images_may_be_asked_for(address: str) -> None:
    assert is_githubs(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://github.com/user-attachments/assets/3f", "https://evil.example/a.png", "https://127.0.0.1/a.png",
        "https://169.254.169.254/latest/meta-data", "https://github.com.evil.example/user-attachments/assets/3f",
        "https://evilgithubusercontent.com/a.png", "https://github.com@evil.example/user-attachments/assets/3f",
        "https://github.com:8443/user-attachments/assets/3f", "https://github.com/ada/x/settings",
        "https://github.com/logout", "https://user:p@github.com/user-attachments/assets/3f",
        "https://github-production-user-asset-x.s3.amazonaws.com.evil.example/a", "https://[::1]:x/", "",
    ],
)  # fmt: skip
def test_nobody_else_is_asked(address: str) -> None:
    assert not is_githubs(address)


def test_addresses_are_found_as_people_write_them_each_once_and_few() -> None:
    texts = [
        f"![a]({ASSET})\n<img width=3 src='{SIGNED}' alt=x>\n{ASSET}4\n![b]({ASSET}) `![c]`",
        "![d](https://evil.example/a.png)",
        "\n".join(f"![n]({ASSET}{n}0)" for n in range(9)),
    ]
    found = addresses(texts)
    assert found[:3] == (ASSET, SIGNED, f"{ASSET}4")
    assert len(found) == MOST


def client(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer))


def test_the_token_goes_to_github_alone_and_a_redirect_is_followed_there() -> None:
    seen: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host, request.headers.get("authorization", "")))
        if request.url.host == "github.com":
            return httpx.Response(302, headers={"location": SIGNED})
        return httpx.Response(200, content=PNG)

    assert fetch_images([f"![a]({ASSET})"], "ghs_1", client=client(answer)) == (IssueImage("image/png", PNG),)
    assert seen == [("github.com", "Bearer ghs_1"), ("private-user-images.githubusercontent.com", "")]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(302, headers={"location": "https://169.254.169.254/latest"}),
        httpx.Response(302, headers={"location": ASSET}),
        httpx.Response(404, content=PNG),
        httpx.Response(200, content=b"<svg onload=x>", headers={"content-type": "image/png"}),
        httpx.Response(200, content=PNG + b"x" * LARGEST),
    ],
)
def test_what_is_no_small_image_of_githubs_is_left_out(answer: httpx.Response) -> None:
    asked: list[str] = []

    def count(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return answer

    assert fetch_images([f"![a]({ASSET})"], "", client=client(count)) == ()
    assert set(asked) == {"github.com"}
    assert len(asked) <= 4


def test_one_that_cannot_be_had_leaves_the_others() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("1"):
            raise httpx.ConnectError("gone")
        return httpx.Response(200, content=b"\xff\xd8\xff" + b"x")

    found = fetch_images([f"![a]({ASSET[:-1]}1) ![b]({ASSET[:-1]}2)"], "", client=client(answer))
    assert [image.media_type for image in found] == ["image/jpeg"]


def test_nothing_is_asked_for_where_there_is_no_image() -> None:
    assert fetch_images(["no picture"], "t") == ()
    assert [kind_of(b) for b in (b"GIF89a", b"RIFF1234WEBP", b"RIFF1234WAVE", b"%PDF")] == [
        "image/gif",
        "image/webp",
        "",
        "",
    ]
