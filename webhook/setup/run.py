"""`pennyfix setup`: serves the set-up page until the App is made, writes its keys, says what comes next."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from webhook.setup.routes import PATH, AppRegistration, SetupFlow, setup_pages
from workers.config.errors import ConfigError, ConfigProblem
from workers.config.places import ENV_FILE
from workers.config.secrets_file import check_writable, set_lines, write_private
from workers.config.settings import PREFIX, Settings
from workers.github.app_client import AppApi, MadeApp
from workers.github.manifest import check_addresses, load_manifest

CLOSE_SECONDS = 1.0
"""So that the browser has its last answer."""


@dataclass(frozen=True, slots=True)
class SetupOptions:
    """The options of `pennyfix setup`. "" = from the settings; `port` None = the receiver's; `env_file` None = the
    state folder's, which every command reads from anywhere."""

    organization: str = ""
    name: str = ""
    public_url: str = ""
    port: int | None = None
    env_file: Path | None = None
    force: bool = False


def run_setup(
    settings: Settings, options: SetupOptions, say: Callable[[str], None], *, host: str = "127.0.0.1"
) -> MadeApp | None:
    """The App, or None when the operator stopped before. Raises ConfigError or OSError before the page is served.

    `say` gets the address to open, and afterwards the next steps.
    """
    public_url = (options.public_url or settings.public_url).rstrip("/")
    if settings.github_app_id and not options.force:
        raise ConfigError("pennyfix setup", (_already(settings.github_app_id),))
    check_addresses(settings.github_web_url, public_url, options.name, options.organization)
    env_file = options.env_file or settings.home / ENV_FILE
    check_writable(env_file)
    check_writable(settings.home / "github-app.pem")
    with _listen(host, settings.port if options.port is None else options.port) as listening:
        page_url = f"http://{host}:{listening.getsockname()[1]}"
        registration = AppRegistration(
            settings.github_web_url, public_url, page_url, load_manifest(), options.name, options.organization
        )

        def keep(made: MadeApp) -> None:
            keep_app(made, settings, env_file, public_url)

        flow = SetupFlow(registration, lambda code: _convert(settings, code), keep, say)
        say(f"Open this address in your browser; it works once:\n\n  {page_url}{PATH}?token={flow.token}\n")
        say(f"(on a distant machine first: ssh -L {listening.getsockname()[1]}:{host}:{listening.getsockname()[1]} …)")
        _serve(flow, listening)
    if flow.made is None:
        return None
    for line in next_steps(flow.made, env_file):
        say(line)
    return flow.made


def keep_app(made: MadeApp, settings: Settings, env_file: Path, public_url: str) -> None:
    """Write the key into the state folder, the rest into the env file. Raises OSError."""
    key = settings.home / f"github-app-{made.id}.pem"
    write_private(key, made.pem)
    set_lines(
        env_file,
        {
            f"{PREFIX}GITHUB_APP_ID": str(made.id),
            f"{PREFIX}GITHUB_PRIVATE_KEY": str(key),
            f"{PREFIX}GITHUB_WEBHOOK_SECRET": made.webhook_secret,
            f"{PREFIX}GITHUB_CLIENT_ID": made.client_id,
            f"{PREFIX}GITHUB_CLIENT_SECRET": made.client_secret,
            f"{PREFIX}GITHUB_API_URL": settings.github_api_url,
            f"{PREFIX}PUBLIC_URL": public_url,
        },
    )


def next_steps(made: MadeApp, env_file: Path) -> tuple[str, ...]:
    """The lines that are printed at the end."""
    return (
        f"The App {made.slug} is made; its keys are in {env_file.resolve()} (only you can read it). Next:",
        f"  1. choose repositories at {made.html_url}/installations/new (nothing is opened or labelled by that)",
        "  2. give a model key, for example a line ANTHROPIC_API_KEY=… in the same file",
        "  3. pennyfix up        start it; deliveries that were missed meanwhile are asked for again",
        "  4. pennyfix doctor    check everything, with a fix for what is wrong",
        "  5. put the label autofix on an issue",
    )


def _convert(settings: Settings, code: str) -> MadeApp:
    with AppApi(api_url=settings.github_api_url, api_version=settings.github_api_version) as api:
        return api.convert(code)


def _already(app_id: int) -> ConfigProblem:
    return ConfigProblem(
        0,
        f"{PREFIX}GITHUB_APP_ID",
        "is set already",
        "run `pennyfix doctor` to check that App, or `pennyfix setup --force` to make another one",
        str(app_id),
    )


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        problem = ConfigProblem(
            0, "--port", f"cannot be listened on: {error.strerror}", "stop what uses it, or give `--port 0`", str(port)
        )
        raise ConfigError("pennyfix setup", (problem,)) from None
    return listening


def _serve(flow: SetupFlow, listening: socket.socket) -> None:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(setup_pages(flow))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=2)
    )
    over = threading.Event()

    def watch() -> None:
        while flow.made is None and not over.wait(0.1):
            pass
        over.wait(CLOSE_SECONDS)
        server.should_exit = True

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
    finally:
        over.set()
        watching.join()
