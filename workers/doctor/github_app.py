"""The GitHub App: does GitHub know it by our key, with the permissions and events of `app.yml`, and our address?"""

from __future__ import annotations

from workers.config.settings import Settings
from workers.doctor.check import DoctorCheck, fail, ok, skipped, warn
from workers.github.app_client import AppApi, AppView
from workers.github.manifest import WEBHOOK_PATH, load_manifest, wanted
from workers.github.types import CredentialsRefused, ForgeError

APP, PERMISSIONS, EVENTS, ADDRESS = "GitHub App", "permissions", "events", "webhook address"
LEVELS = {"read": 1, "write": 2, "admin": 3}
ALWAYS = frozenset({"installation", "installation_repositories", "ping"})


def app(settings: Settings, api: AppApi) -> list[DoctorCheck]:
    """Everything that GitHub says about the App."""
    try:
        view = api.app()
    except CredentialsRefused as error:
        fix = "take App id and a new private key from the App's page, or run `pennyfix setup --force`"
        return [fail(APP, str(error), fix), *_unseen("GitHub does not know this App")]
    except ForgeError as error:
        fix = f"check PENNYFIX_GITHUB_API_URL={settings.github_api_url} and this machine's way out (proxy, firewall)"
        return [fail(APP, str(error), fix), *_unseen("GitHub did not answer")]
    return [ok(APP, f"{view.name} (id {view.id})"), *rights(view), _address(settings, api, view)]


def rights(view: AppView) -> list[DoctorCheck]:
    """Permissions and events beside `app.yml`. Pure but for reading that file."""
    asked, page = wanted(load_manifest()), f"{view.html_url} → App settings → Permissions & events"
    has = view.permissions
    short = [f"{n}: {level}" for n, level in asked.permissions.items() if LEVELS.get(has.get(n, ""), 0) < LEVELS[level]]
    wide = [
        f"{n}: {level}"
        for n, level in has.items()
        if LEVELS.get(level, 9) > LEVELS.get(asked.permissions.get(n, ""), 0)
    ]
    events = sorted(set(asked.events) - set(view.events))
    spare = sorted(set(view.events) - set(asked.events) - ALWAYS)
    found = []
    if short:
        fix = f"grant {', '.join(short)} at {page}, then accept it on each installation"
        found.append(fail(PERMISSIONS, f"missing: {', '.join(short)}", fix))
    if wide:
        found.append(warn(PERMISSIONS, f"more than needed: {', '.join(wide)}", f"take it back at {page}"))
    if not found:
        found.append(ok(PERMISSIONS, ", ".join(f"{n}: {level}" for n, level in asked.permissions.items())))
    if events:
        found.append(fail(EVENTS, f"not subscribed: {', '.join(events)}", f"tick {', '.join(events)} at {page}"))
    elif spare:
        found.append(warn(EVENTS, f"subscribed but ignored: {', '.join(spare)}", f"untick them at {page}"))
    else:
        found.append(ok(EVENTS, ", ".join(asked.events)))
    return found


def _address(settings: Settings, api: AppApi, view: AppView) -> DoctorCheck:
    page = f"{view.html_url} → App settings → General → Webhook URL"
    try:
        url = api.hook_url()
    except ForgeError as error:
        return fail(ADDRESS, str(error), f"set an active webhook at {page}")
    if not url:
        return fail(ADDRESS, "GitHub has none, so nothing is delivered", f"set it at {page}")
    if not settings.public_url:
        return warn(
            ADDRESS, url, f"set PENNYFIX_PUBLIC_URL={url.removesuffix(WEBHOOK_PATH)} so that it can be compared"
        )
    ours = settings.public_url + WEBHOOK_PATH
    if url.rstrip("/") != ours:
        return fail(ADDRESS, f"GitHub delivers to {url}, we listen at {ours}", f"write {ours} at {page}")
    return ok(ADDRESS, url)


def _unseen(why: str) -> list[DoctorCheck]:
    return [skipped(name, why) for name in (PERMISSIONS, EVENTS, ADDRESS)]
