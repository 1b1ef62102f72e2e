from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from workers.config.errors import ConfigError
from workers.config.settings import PREFIX, Settings, environment_value, load_settings, provider_key, unknown_variables

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [n for n in os.environ if n.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.chdir(tmp_path)


def pem(kind: str = "rsa") -> str:
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_the_example_file_lists_exactly_the_settings() -> None:
    listed = re.findall(rf"^{PREFIX}(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(n.upper() for n in Settings.model_fields)


def test_the_example_file_loads_and_means_the_defaults() -> None:
    assert load_settings(ROOT / ".env.example") == load_settings()


def test_defaults_put_everything_into_the_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PENNYFIX_HOME", "state")
    settings = load_settings()
    assert settings.home == tmp_path / "state"
    assert settings.database_url == f"sqlite:///{tmp_path}/state/pennyfix.db"
    assert settings.redis_url is None


def test_loading_makes_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PENNYFIX_HOME", str(tmp_path / "state"))
    load_settings()
    assert list(tmp_path.iterdir()) == []


def test_dotenv_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    monkeypatch.setenv("PENNYFIX_HOME", str(state))
    (state / ".env").write_text("PENNYFIX_PORT=1234\nPENNYFIX_HOST=0.0.0.0\nMY_KEY=from-file\nANTHROPIC_API_KEY=a\n")
    monkeypatch.setenv("PENNYFIX_PORT", "4321")
    settings = load_settings()
    assert (settings.port, settings.host) == (4321, "0.0.0.0")
    assert environment_value("MY_KEY") == "from-file"
    monkeypatch.setenv("MY_KEY", "from-environment")
    assert provider_key("openai/x", "MY_KEY") == "from-environment"
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert provider_key("anthropic/claude-haiku-5-5") == "a"


def test_two_webhook_secrets_while_rotating() -> None:
    assert load_settings(github_webhook_secret="old, new,").webhook_secrets == ("old", "new")


@pytest.mark.parametrize("value", ["", " , "])
def test_no_webhook_secret_no_start(value: str) -> None:
    with pytest.raises(ConfigError, match=r"PENNYFIX_GITHUB_WEBHOOK_SECRET.*is not set"):
        load_settings(github_webhook_secret=value).require_webhook_secret()


def test_the_app_is_asked_for_only_when_needed() -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings().require_app()
    assert [p.key for p in caught.value.problems] == ["PENNYFIX_GITHUB_APP_ID", "PENNYFIX_GITHUB_PRIVATE_KEY"]


def test_the_private_key_is_text_or_path_or_text_with_literal_newlines(tmp_path: Path) -> None:
    text = pem()
    (tmp_path / "app.pem").write_text(text)
    for given in (text, str(tmp_path / "app.pem"), text.replace("\n", "\\n")):
        assert load_settings(github_private_key=given).github_private_key.get_secret_value() == text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("/nowhere/app.pem", "neither PEM text nor the path"),
        ("-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----", "not a usable PEM private key"),
        ("ec", "not an RSA key"),
    ],
)
def test_a_wrong_private_key_is_named_without_being_shown(given: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        load_settings(github_private_key=pem("ec") if given == "ec" else given)
    assert "hunter2" not in str(caught.value)
    assert "PENNYFIX_GITHUB_PRIVATE_KEY" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("sandbox", "chroot", "auto, docker, bubblewrap, process"),
        ("port", "70000", "1–65535"),
        ("workers", "0", "1–64"),
        ("job_seconds", "nan", "60–86400"),
        ("github_app_id", "abc", "numeric id"),
        ("github_api_url", "github.example", "GHES"),
        ("config", "/nowhere.toml", "existing pennyfix.toml"),
        ("database_url", "mysql://hunter2@db", "postgresql"),
        ("redis_url", "amqp://hunter2@mq", "redis://"),
    ],
)
def test_a_wrong_value_names_variable_value_allowed_and_fix(
    name: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PREFIX + name.upper(), value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    (problem,) = caught.value.problems
    assert problem.key == PREFIX + name.upper()
    assert allowed in problem.allowed
    assert problem.fix
    assert ("hunter2" in str(caught.value)) is False
    if "hunter2" not in value:
        assert value in problem.value


def test_a_port_set_by_kubernetes_gets_its_own_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENNYFIX_PORT", "tcp://10.0.0.1:80")
    with pytest.raises(ConfigError, match="enableServiceLinks: false"):
        load_settings()


def test_secrets_are_not_shown_by_repr() -> None:
    text = repr(load_settings(github_webhook_secret="hunter2", github_client_secret="hunter3"))
    assert "hunter" not in text


def test_misspelt_variables_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENNYFIX_SANDBX", "docker")
    (problem,) = unknown_variables()
    assert "PENNYFIX_SANDBOX" in problem.fix


@pytest.mark.parametrize(
    ("api", "web"),
    [("https://api.github.com", "https://github.com"), ("https://ghes.example/api/v3/", "https://ghes.example")],
)
def test_the_web_address_follows_the_api_address(api: str, web: str) -> None:
    assert load_settings(github_api_url=api).github_web_url == web
