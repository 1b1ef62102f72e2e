from __future__ import annotations

import pytest

from webhook.signature import sign, verified

SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
PUBLISHED = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_githubs_published_vector() -> None:
    assert sign(SECRET, BODY) == PUBLISHED
    assert verified([SECRET], BODY, PUBLISHED)


def test_any_of_several_secrets_is_enough_while_rotating() -> None:
    assert verified(["new", SECRET], BODY, PUBLISHED)
    assert verified([SECRET, "new"], BODY, PUBLISHED)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        PUBLISHED.removeprefix("sha256="),
        PUBLISHED.replace("sha256", "sha1"),
        "sha1=0123456789012345678901234567890123456789",
        PUBLISHED[:-1] + "8",
        PUBLISHED.upper(),
        PUBLISHED + " ",
        PUBLISHED[:-1] + "é",
        "sha256=" + "٣" * 64,
    ],
)
def test_anything_else_is_refused(header: str) -> None:
    assert not verified([SECRET], BODY, header)


def test_no_secret_verifies_nothing() -> None:
    assert not verified([], BODY, PUBLISHED)


def test_one_changed_byte_is_noticed() -> None:
    assert not verified([SECRET], b"Hello, World?", PUBLISHED)
