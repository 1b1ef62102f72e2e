from __future__ import annotations

import pytest

from strategies.localization.file_kinds import is_configuration, is_prose, is_skipped, is_test


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("src/shop/cart.py", ""),
        ("lib/index.js", ""),
        ("src/contest.py", ""),
        ("tests/test_cart.py", "test"),
        ("pkg/cart_test.go", "test"),
        ("src/add/test.ts", "test"),
        ("typings/index.test-d.ts", "test"),
        ("src/test/java/CartTest.java", "test"),
        ("benches/parse.rs", "test"),
        ("docs/usage.rst", "prose"),
        ("examples/hello.py", "prose"),
        ("CHANGELOG.md", "prose"),
        ("docs/index.html", "prose"),
        ("docs/examples/hello.rs", "prose"),
        ("doc/source/conf.py", "prose"),
        ("crates/parser/examples/hello.rs", "prose"),
        ("packages/core/docs/live.tsx", "prose"),
        ("news/123.bugfix", "prose"),
        ("sandbox/repository/changes.py", ""),
        ("app/news.py", ""),
        ("news/models.py", ""),
        ("news/feed.ex", ""),
        ("models/doc.py", ""),
        ("src/docs.ts", ""),
        ("src/docs/Page.vue", ""),
        ("src/example/Main.java", ""),
        ("app/website/views.py", ""),
        ("website/sass/Main.SCSS", ""),
        ("shop/templates/cart.html", ""),
        ("shop/templates/docs/index.html", ""),
        ("src/arc.ts", ""),
        ("src/marc.js", ""),
        ("src/appconfig.ts", ""),
        ("shop/tasks.py", ""),
        ("django/conf.py", ""),
        ("src/shop/setup.py", ""),
        ("src/Main.kts", ""),
        ("setup.py", "configuration"),
        ("packages/core/setup.py", "configuration"),
        (".eslintrc.js", "configuration"),
        ("web/.babelrc.cjs", "configuration"),
        ("app/karma.conf.js", "configuration"),
        ("src/app.config.service.ts", ""),
        ("vite.config.mts", "configuration"),
        ("build.gradle.kts", "configuration"),
        ("setup.cfg", "configuration"),
        ("pyproject.toml", "configuration"),
        ("package.json", "configuration"),
        (".github/workflows/ci.yml", "configuration"),
        ("rollup.config.js", "configuration"),
        ("LICENSE", "configuration"),
        ("vendor/x/y.go", "skipped"),
        ("app.min.js", "skipped"),
    ],
)
def test_a_path_says_what_a_file_is(path: str, kinds: str) -> None:
    said = {"test": is_test, "prose": is_prose, "configuration": is_configuration, "skipped": is_skipped}
    assert [name for name, kind in said.items() if kind(path)] == ([kinds] if kinds else [])
