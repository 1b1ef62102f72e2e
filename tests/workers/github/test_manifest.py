from __future__ import annotations

import pytest

from workers.config.errors import ConfigError
from workers.github.manifest import check_addresses, is_local, load_manifest, manifest, registration_url

GITHUB = "https://github.com"


def test_the_manifest_is_app_yml_with_our_addresses() -> None:
    tree = load_manifest()
    made = manifest(tree, public_url="https://fix.example.org/", page_url="http://127.0.0.1:8000")
    assert made["hook_attributes"] == {"url": "https://fix.example.org/webhooks/github", "active": True}
    assert made["redirect_url"] == "http://127.0.0.1:8000/setup/done"
    assert made["callback_urls"] == ["https://fix.example.org/auth/callback"]
    assert made["default_permissions"] == tree["default_permissions"]
    assert made["default_events"] == tree["default_events"]
    assert made["name"] == "Pennyfix"
    assert manifest(tree, public_url="x", page_url="y", name="Ada's fixer")["name"] == "Ada's fixer"


@pytest.mark.parametrize(
    ("web", "organization", "address"),
    [
        (GITHUB, "", "https://github.com/settings/apps/new?state=s%2F1"),
        (GITHUB, "acme", "https://github.com/organizations/acme/settings/apps/new?state=s%2F1"),
        ("https://ghes.example", "acme", "https://ghes.example/organizations/acme/settings/apps/new?state=s%2F1"),
    ],
)
def test_it_is_posted_for_a_person_or_an_organization_also_on_ghes(web: str, organization: str, address: str) -> None:
    assert registration_url(web, "s/1", organization) == address


@pytest.mark.parametrize(
    ("public", "name", "organization", "said"),
    [
        ("", "", "", "--public-url`: is missing"),
        ("", "", "", "cloudflared tunnel"),
        ("ftp://x.org", "", "", "not a plain http"),
        ("https://user:word@x.org", "", "", "not a plain http"),
        ("https://x.org/?a=b", "", "", "not a plain http"),
        ("http://127.0.0.1:8000", "", "", "cannot be reached by github.com"),
        ("http://localhost:8000", "", "", "cannot be reached by github.com"),
        ("https://x.org", "a" * 35, "", "at most 34 characters"),
        ("https://x.org", "two\nlines", "", "--name"),
        ("https://x.org", "", "../../evil", "--organization"),
        ("https://x.org", "", "аcme", "--organization"),
    ],
)
def test_what_github_would_refuse_is_said_before_anybody_leaves(
    public: str, name: str, organization: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        check_addresses(GITHUB, public, name, organization)


def test_a_ghes_may_reach_what_github_com_cannot() -> None:
    check_addresses("https://ghes.internal", "http://10.0.0.7:8000", "", "acme-inc")
    check_addresses(GITHUB, "https://fix.example.org", "A name of thirty-four characters !", "")


@pytest.mark.parametrize("host", ["localhost", "box", "a.local", "10.1.2.3", "192.168.0.1", "::1", "169.254.169.254"])
def test_addresses_that_only_this_network_knows(host: str) -> None:
    assert is_local(host)
    assert not is_local("fix.example.org")
    assert not is_local("8.8.8.8")
