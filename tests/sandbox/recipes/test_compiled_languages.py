"""The conventions of Go, Rust, Java and Kotlin, read from files as real repositories have them. Nothing is run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sandbox.recipe import Recipe, ReportFormat
from sandbox.recipes.discovery import discover
from tests.fakes.origin import Origin

Found = Callable[[Mapping[str, str]], Recipe]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    def find(files: Mapping[str, str]) -> Recipe:
        origin = Origin(tmp_path / "repo")
        origin.commit(files)
        with origin.workspace(tmp_path / "home") as workspace:
            recipe, tried = discover(workspace, setup=None, test=None, image=None)
        assert recipe is not None, tried
        for line in (*recipe.setup, recipe.test, recipe.test_only or ""):
            assert subprocess.run(["sh", "-n", "-c", line.replace("{junit}", "x")], check=False).returncode == 0, line
        return recipe

    return find


def ran(recipe: Recipe, program: str, tmp_path: Path, only: list[str]) -> list[str]:
    """What `program` would be called with, and where, when these tests are chosen."""
    stub = tmp_path / "bin" / program
    stub.parent.mkdir(exist_ok=True)
    stub.write_text(f'#!/bin/sh\necho "${{PWD#{tmp_path}/repo}}|$*" >>"$LOG"\n')
    stub.chmod(0o755)
    environment = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "PENNYFIX_ENV": str(tmp_path), "LOG": f"{tmp_path}/log"}
    subprocess.run(
        ["sh", "-c", recipe.command("x", only)],
        cwd=tmp_path / "repo",
        env=environment,
        check=False,
        capture_output=True,
    )
    return (tmp_path / "log").read_text().splitlines()


GO = {"go.mod": "module example.org/m\n", "p/a_test.go": "// x\npackage p\n", "p/testdata/x_test.go": "package x\n"}


def test_a_go_module_is_tested_at_its_root(found: Found) -> None:
    recipe = found(GO)
    assert recipe.report is ReportFormat.GO_JSON
    assert recipe.test.endswith("go test -json -count=1 ./...")
    assert "GOTOOLCHAIN=auto" in recipe.test
    assert recipe.canary is not None
    assert recipe.canary.path == "p/{name}/{name}_test.go"
    assert recipe.canary.content.startswith("package {name}\n")


def test_the_go_canary_is_put_where_files_are_built_without_tags(found: Found) -> None:
    tagged = "//go:build integration\n\npackage it\n"
    recipe = found({**GO, "it/a_test.go": tagged, "it/b_test.go": tagged})
    assert recipe.canary is not None
    assert recipe.canary.path == "p/{name}/{name}_test.go"


def test_every_go_module_with_tests_is_tested_in_its_folder(found: Found, tmp_path: Path) -> None:
    files = {
        **GO,
        "tools/go.mod": "module example.org/m/tools\n",
        "tools/sub/b_test.go": "package sub\n",
        "empty/go.mod": "module example.org/empty\n",
        "vendor/v/go.mod": "module v\n",
        "vendor/v/v_test.go": "package v\n",
    }
    recipe = found(files)
    assert "(cd './' && go test" in recipe.test
    assert "(cd './tools' && go test" in recipe.test
    assert "empty" not in recipe.test
    assert "vendor" not in recipe.test
    assert recipe.inputs == ("empty/go.mod", "go.mod", "tools/go.mod")
    chosen = ["tools/sub/b_test.go", "example.org/m/tools/sub::TestB", "example.org/m/p::TestA", "p/a_test.go"]
    assert ran(recipe, "go", tmp_path, chosen) == [
        "|test -json -count=1 ./p example.org/m/p",
        "/tools|test -json -count=1 ./sub example.org/m/tools/sub",
    ]


def test_a_go_repository_without_a_module_at_its_root_is_tested_too(found: Found) -> None:
    recipe = found({"src/go.mod": "module m\n", "src/a_test.go": "package m\n"})
    assert "(cd './src' && go test" in recipe.test
    assert recipe.source == "src/go.mod"


@pytest.mark.parametrize(
    ("run", "makefile", "flags"),
    [
        ("go test -race -tags=integration,e2e ./...", "", " -tags 'integration,e2e'"),
        ("go test ./...\ngo test -tags integration ./...", "", ""),
        ("make test", "test:\n\tgo test -short -tags 'a b' ./...\n", " -tags 'a b' -short"),
        ("go build", "", ""),
    ],
)
def test_build_tags_come_from_ci(run: str, makefile: str, flags: str, found: Found) -> None:
    workflow = f"jobs:\n  test:\n    steps:\n      - run: |\n          {run.replace(chr(10), chr(10) + ' ' * 10)}\n"
    recipe = found({**GO, ".github/workflows/ci.yml": workflow, "Makefile": makefile})
    assert recipe.test.endswith(f"go test -json -count=1{flags} ./...")


CRATE = {"Cargo.toml": '[package]\nname="x"\n', "src/lib.rs": "x", "tests/it.rs": "x"}


def test_a_crate_is_tested_offline_with_its_lock(found: Found, tmp_path: Path) -> None:
    recipe = found({**CRATE, "Cargo.lock": ""})
    assert recipe.report is ReportFormat.CARGO
    assert "cargo fetch --locked" in recipe.setup[0]
    assert "cargo test --offline --no-fail-fast 2>&1" in recipe.test
    assert recipe.canary is not None
    assert recipe.canary.path == "tests/{name}.rs"
    assert ran(recipe, "cargo", tmp_path, ["tests/it.rs::a", "src/lib.rs::b"]) == [
        "|test --offline --no-fail-fast --lib --test it"
    ]


def test_a_workspace_has_its_canary_in_the_member_with_most_tests(found: Found, tmp_path: Path) -> None:
    files = {
        "Cargo.toml": '[workspace]\nmembers=["crates/*"]\nexclude=["crates/old"]\n',
        "crates/a/Cargo.toml": '[package]\nname="a-x"\n',
        "crates/a/src/lib.rs": "x",
        "crates/b/Cargo.toml": '[package]\nname="b"\n',
        "crates/b/tests/one.rs": "x",
        "crates/closed/Cargo.toml": '[package]\nname="closed"\nautotests=false\n',
        "crates/closed/tests/one.rs": "x",
        "crates/closed/tests/two.rs": "x",
        "crates/old/Cargo.toml": '[package]\nname="old"\n',
        "crates/old/tests/1.rs": "x",
        "crates/old/tests/2.rs": "x",
    }
    recipe = found(files)
    assert "--workspace" in recipe.test
    assert recipe.canary is not None
    assert recipe.canary.path == "crates/b/tests/{name}.rs"
    assert ran(recipe, "cargo", tmp_path, ["crates/a/src/lib.rs::t", "crates/b/tests/one.rs"]) == [
        "|test --offline --no-fail-fast -p a-x -p b"
    ]


def test_features_come_from_ci_only_where_it_never_goes_without(found: Found) -> None:
    workflow = "jobs: {t: {steps: [{run: cargo test --all-features}, {run: cargo test --features a}]}}"
    assert "--no-fail-fast --all-features 2>&1" in found({**CRATE, ".github/workflows/ci.yml": workflow}).test


def test_a_plain_test_in_ci_leaves_features_out(found: Found) -> None:
    workflow = "jobs: {t: {steps: [{run: cargo test}, {run: cargo test --all-features}]}}"
    assert "--all-features" not in found({**CRATE, ".github/workflows/ci.yml": workflow}).test


def test_a_nightly_is_stood_in_for_by_the_stable_with_unstable_features(found: Found) -> None:
    assert (
        "RUSTC_BOOTSTRAP=1"
        in found({**CRATE, "rust-toolchain.toml": '[toolchain]\nchannel="nightly-2026-01-01"\n'}).test
    )


MAVEN = {
    "pom.xml": "<project><maven.compiler.source>1.8</maven.compiler.source></project>",
    "core/pom.xml": "<project/>",
    "core/src/test/java/org/x/ATest.java": "package org.x;\nimport org.junit.jupiter.api.Test;\n",
    "core/src/test/java/org/x/BTest.java": "package org.x;\nimport org.junit.jupiter.api.Test;\n",
    "web/src/test/java/CTest.java": "import org.junit.Test;\n",
}


def test_maven_goes_on_after_a_failed_module_and_fails_in_the_end(found: Found) -> None:
    recipe = found(MAVEN)
    assert (recipe.report, recipe.runner) == (ReportFormat.SUREFIRE, "maven")
    assert "-Dmaven.test.failure.ignore=true -fae test && ! grep" in recipe.test
    assert " -o " in recipe.test
    assert "java-17-openjdk" in recipe.test
    assert recipe.inputs == ("core/pom.xml", "pom.xml")


def test_the_java_canary_stands_in_the_package_with_most_tests_in_its_framework(found: Found, tmp_path: Path) -> None:
    recipe = found(MAVEN)
    assert recipe.canary is not None
    assert recipe.canary.path == "core/src/test/java/org/x/{name}Test.java"
    assert recipe.canary.content.startswith("package org.x;\n\npublic class {name}Test { @org.junit.jupiter.api.Test ")
    (call,) = ran(recipe, "mvn", tmp_path, ["core/src/test/java/org/x/ATest.java", "org.x.BTest::works"])
    assert "-Dtest=ATest,BTest " in call


@pytest.mark.parametrize(
    ("path", "text", "part"),
    [
        ("src/test/java/ATests.java", "import org.junit.Test;", "@org.junit.Test public void"),
        ("src/test/java/ATest.java", "import org.testng.annotations.Test;", "@org.testng.annotations.Test"),
        ("src/test/java/TestA.java", "class TestA extends TestCase {}", "extends junit.framework.TestCase"),
        ("src/test/kotlin/ATest.kt", "import kotlin.test.Test", "@kotlin.test.Test fun {name}()"),
    ],
)
def test_the_java_canary_knows_the_frameworks(path: str, text: str, part: str, found: Found) -> None:
    recipe = found({"pom.xml": "<project/>", path: text, "A.java": "x" * 100})
    assert recipe.canary is not None
    assert part in recipe.canary.content


@pytest.mark.parametrize(
    ("pom", "workflow", "jdk"),
    [
        ("<java.version>21</java.version>", "", 21),
        ("<release>11</release>", "", 17),
        ("", "jobs: {t: {steps: [{uses: actions/setup-java@v4, with: {java-version: 21}}]}}", 21),
        ("", "", 17),
        ("<release>25</release>", "", 21),
    ],
)
def test_the_jdk_is_the_oldest_that_will_do(pom: str, workflow: str, jdk: int, found: Found) -> None:
    recipe = found({"pom.xml": f"<p>{pom}</p>", "src/test/java/ATest.java": "x", ".github/workflows/a.yml": workflow})
    assert f"java-{jdk}-openjdk" in recipe.test


def test_integration_tests_are_verified_where_failsafe_runs_them(found: Found) -> None:
    pom = "<project><artifactId>maven-failsafe-plugin</artifactId></project>"
    assert "-fae verify" in found({"pom.xml": pom, "src/test/java/AIT.java": "x"}).test


def test_gradle_prefers_its_wrapper(found: Found, tmp_path: Path) -> None:
    recipe = found({"build.gradle": "x", "gradlew": "exit 1", "src/test/java/ATest.java": "import org.junit.Test;"})
    assert 'BUILD="sh $PWD/gradlew"' in recipe.test
    assert "--offline --continue test" in recipe.test
    assert ran(recipe, "gradle", tmp_path, ["src/test/java/ATest.java", "x.BTest$Inner::b"])[-1].endswith(
        "test --tests *ATest --tests *BTest"
    )


def test_a_multiplatform_build_has_a_task_of_its_own(found: Found) -> None:
    build = 'kotlin("multiplatform")'
    recipe = found({"build.gradle.kts": build, "src/jvmTest/kotlin/ATest.kt": "import kotlin.test.Test"})
    assert "--offline --continue jvmTest" in recipe.test
