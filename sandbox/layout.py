"""Where things are inside a sandbox, and the only variables a command there sees.

Nothing of the host's environment is inherited: a variable is in a sandbox because this file names it.
"""

from __future__ import annotations

from dataclasses import dataclass

PROXY_PORT = 3128
JAVA_PASSWORD = "changeit"  # noqa: S105 - of a store of certificate authorities, which are public; Java demands one
OWN_FOLDER = ".pennyfix"
"""Below the checkout: reports and other files of ours."""
SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

QUIET_TOOLS = dict.fromkeys(
    (
        "HUSKY", "LEFTHOOK", "YARN_ENABLE_TELEMETRY", "YARN_ENABLE_GLOBAL_CACHE", "NX_DAEMON", "CYPRESS_INSTALL_BINARY",
    ),
    "0",
) | dict.fromkeys(
    (
        "HUSKY_SKIP_INSTALL", "SKIP_INSTALL_SIMPLE_GIT_HOOKS", "SKIP_SIMPLE_GIT_HOOKS", "DO_NOT_TRACK", "ADBLOCK",
        "DISABLE_OPENCOLLECTIVE", "NEXT_TELEMETRY_DISABLED", "TURBO_TELEMETRY_DISABLED", "PUPPETEER_SKIP_DOWNLOAD",
        "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "ELECTRON_SKIP_BINARY_DOWNLOAD", "SENTRYCLI_SKIP_DOWNLOAD",
    ),
    "1",
) | {"YARN_NODE_LINKER": "node-modules", "YARN_HTTP_TIMEOUT": "300000", "YARN_HTTP_RETRY": "5"}  # fmt: skip
"""What tools are told while installing: no git hooks, no browsers, no telemetry; programs where runners find them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths as the command sees them: checkout, dependencies, home, scratch, and further program folders."""

    root: str = "/checkout"
    env: str = "/env"
    home: str = "/home/sandbox"
    tmp: str = "/tmp"  # noqa: S108 - the sandbox's own /tmp, not the host's
    path: tuple[str, ...] = SYSTEM_PATH

    def variables(self) -> dict[str, str]:
        """What every command sees, in set-up and afterwards.

        Python writes no bytecode: two versions of a file with equal size and time would share a stale one.
        """
        return {
            "CI": "true",
            "HOME": self.home,
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "PATH": ":".join((f"{self.env}/bin", *self.path)),
            "PENNYFIX_ENV": self.env,
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": self.tmp,
            "TZ": "UTC",
            "USER": "sandbox",
            "UV_NO_PROGRESS": "1",
            "UV_PROJECT_ENVIRONMENT": self.env,
            "VIRTUAL_ENV": self.env,
        }

    def setup_variables(self, *, proxy: bool, authorities: str | None, java: str | None = None) -> dict[str, str]:
        """What a set-up line sees besides: the proxy (when its network is one), trusted CAs, no caches.

        `authorities` is the path of a PEM file, `java` that of a Java key store with the same content.
        """
        found = {
            **QUIET_TOOLS,
            "YARN_CACHE_FOLDER": f"{self.tmp}/yarn-cache",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_CACHE_DIR": "1",
            "PIP_NO_INPUT": "1",
            "UV_CACHE_DIR": f"{self.tmp}/uv-cache",
            "UV_COMPILE_BYTECODE": "1",
            "UV_LINK_MODE": "copy",
            "npm_config_audit": "false",  # it sends the list of packages, and registries are only read
            "npm_config_cache": f"{self.tmp}/npm-cache",
            "npm_config_fund": "false",
            "npm_config_update_notifier": "false",
        }
        if authorities:
            names = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
            more = ("GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO", "YARN_HTTPS_CA_FILE_PATH")
            npm = "npm_config_cafile"  # a machine's own npmrc may name one, which counts before Node's
            found |= dict.fromkeys((*names, *more, npm), authorities)
        if proxy:
            url = f"http://127.0.0.1:{PROXY_PORT}"
            found |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), url)
            found |= dict.fromkeys(("YARN_HTTP_PROXY", "YARN_HTTPS_PROXY"), url)
            found |= dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1,::1")
        options = [f"-D{s}.proxyHost=127.0.0.1 -D{s}.proxyPort={PROXY_PORT}" for s in ("http", "https") if proxy]
        if java:
            options.append(f"-Djavax.net.ssl.trustStore={java} -Djavax.net.ssl.trustStorePassword={JAVA_PASSWORD}")
        if options:
            found |= dict.fromkeys(("MAVEN_OPTS", "GRADLE_OPTS"), " ".join(options))
        return found
