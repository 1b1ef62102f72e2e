"""Java and Kotlin: Maven or Gradle, offline, with Surefire's XML files as the report."""

from __future__ import annotations

from sandbox.recipe import Canary, Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints
from sandbox.repository.workspace import Workspace

# Both write to their caches even when offline, so these live in the checkout, where every sandbox has its copy.
MAVEN = "-B -ntp -Dmaven.repo.local=$PWD/.pennyfix/m2"
# Resolves the test provider too, which dependency:go-offline does not, and runs no test.
NO_TEST = "-Dtest=NoSuchTestAnywhere -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false"
GRADLE = "--no-daemon --console=plain -g $PWD/.pennyfix/gradle"
GRADLE_FILES = ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradle.properties")


def find_java(workspace: Workspace, hints: Hints) -> Recipe | str:  # noqa: ARG001 - one shape for all finders
    """The recipe of a Maven or Gradle build, or why there is none."""
    paths = {f.path for f in workspace.files()}
    if "pom.xml" in paths:
        build = "sh ./mvnw" if "mvnw" in paths else "mvn"
        return Recipe(
            language="java",
            setup=(f"{build} {MAVEN} -q test {NO_TEST}",),
            test=f"{build} {MAVEN} -o -fae test",
            report=ReportFormat.SUREFIRE,
            source="pom.xml",
            inputs=tuple(sorted(p for p in paths if p.endswith("pom.xml"))),
            runner="maven",
            test_folder="src/test/java",
            canary=_canary(paths, workspace.read_text("pom.xml") or ""),
        )
    if found := next((p for p in GRADLE_FILES if p in paths), None):
        build = "sh ./gradlew" if "gradlew" in paths else "gradle"
        inputs = [
            p for p in paths if p.rsplit("/", 1)[-1] in GRADLE_FILES or p.endswith((".lockfile", "libs.versions.toml"))
        ]
        return Recipe(
            language="java",
            setup=(f"{build} {GRADLE} testClasses",),
            test=f"{build} {GRADLE} --offline --continue test",
            report=ReportFormat.SUREFIRE,
            source=found,
            inputs=tuple(sorted(inputs)),
            runner="gradle",
            test_folder="src/test/java",
            canary=_canary(paths, "".join(workspace.read_text(p) or "" for p in GRADLE_FILES)),
        )
    return "Java: there is neither pom.xml nor build.gradle"


def _canary(paths: set[str], build: str) -> Canary | None:
    if not any(p.startswith("src/test/java/") for p in paths):
        return None
    package = "org.junit.jupiter.api.Test" if "jupiter" in build or "useJUnitPlatform" in build else "org.junit.Test"
    body = f"public class {{name}}Test {{ @{package} public void {{name}}() {{ throw new AssertionError(); }} }}\n"
    return Canary("src/test/java/{name}Test.java", body)
