"""Where `pennyfix resolve` finds its issue: a file, or a number on the GitHub that the checkout comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.demo.github import StandIn
from workers.cli.local_issue import IssueUnreadable, find_issue, repository_url
from workers.config.settings import load_settings


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://github.com/o/r", "https://github.com/o/r"),
        ("git@github.com:o/r.git", "https://github.com/o/r.git"),
        ("ssh://git@ghe.example.org/o/r", "https://ghe.example.org/o/r"),
        ("/home/ada/project", ""),
        ("", ""),
    ],
)
def test_an_address_is_read_from_either_form(url: str, address: str) -> None:
    assert repository_url(url) == address


def test_a_number_without_a_repository_to_ask_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IssueUnreadable, match="names no repository on GitHub"):
        find_issue(load_settings(None, home=tmp_path), str(tmp_path), "3")


@pytest.mark.parametrize("named", ["٣", "-3", "3.0"])
def test_what_is_no_plain_number_is_a_file(tmp_path: Path, named: str) -> None:
    with pytest.raises(IssueUnreadable, match="cannot be read"):
        find_issue(load_settings(None, home=tmp_path), "https://github.com/o/r", named)


def test_a_public_issue_is_read_by_its_number_from_where_the_checkout_came(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / ".git").mkdir(parents=True)
    with StandIn(tmp_path / "github") as github:
        github.add_repository("o/r", {"a.py": "x = 1\n"}, people={"ada": "admin"}, private=False)
        number = github.open_issue("o/r", "x is wrong", "It should be 2.", by="ada")
        (checkout / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {github.url}/o/r\n')
        settings = load_settings(None, home=tmp_path / "home", github_api_url=github.api_url)
        issue = find_issue(settings, str(checkout), str(number))
    assert (issue.number, issue.title, issue.body) == (number, "x is wrong", "It should be 2.")
