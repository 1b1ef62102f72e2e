"""Java and Kotlin: Maven or Gradle, offline, with Surefire's and Gradle's XML files as the report."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator

from sandbox.recipe import Canary, Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints, jobs_of, workflow_paths
from sandbox.repository.workspace import Workspace

# What judges something else than behaviour, and fails or downloads when it is not asked to.
_SKIPPED = (
    "enforcer.skip rat.skip checkstyle.skip spotless.check.skip spotless.apply.skip spotbugs.skip pmd.skip cpd.skip "
    "license.skip maven.javadoc.skip maven.source.skip jacoco.skip animal.sniffer.skip japicmp.skip cyclonedx.skip "
    "gpg.skip formatter.skip impsort.skip revapi.skip forbiddenapis.skip fmt.skip docker.skip"
)
# Both write to their caches even when offline, so these live in the checkout, where every sandbox has its copy.
MAVEN = '-B -ntp -Dstyle.color=never -Dmaven.repo.local="$ROOT/.pennyfix/m2" ' + " ".join(
    f"-D{name}" for name in _SKIPPED.split()
)
# Resolves the test provider too, which dependency:go-offline does not, and runs no test.
NO_TEST = "-Dtest=NoSuchTestAnywhere -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false"
# A module whose tests fail must not keep those that depend on it from being tested: Maven is not to know of failures.
_GO_ON = "-Dmaven.test.failure.ignore=true -fae"
_FAILURES = "! grep -rlqE --include='TEST-*.xml' '<(failure|error)[ />]' ."
GRADLE = '--no-daemon --console=plain -g "$PWD/.pennyfix/gradle"'
GRADLE_FILES = ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradle.properties")
JDKS = (17, 21)
"""What the image's layer `java` has."""
# A file's class, or that of an id `package.Class$Inner::test`
_CLASS_OF = (
    't="${t%%::*}"; case "$t" in *.java|*.kt) t="${t##*/}"; t="${t%.*}";; *) t="${t##*.}"; t="${t%%\\$*}";; esac'
)
_MAVEN_LEVEL = re.compile(
    r"<(?:maven\.compiler\.(?:release|source|target)|java\.version|release|source)>(?:1\.)?(\d+)<"
)
_GRADLE_LEVEL = re.compile(r"(?:languageVersion|JavaLanguageVersion\.of|jvmToolchain|VERSION_)\D{0,40}?(\d{1,2})\b")
_CLASS = re.compile(r"(?:Test|Tests|IT|Spec|TestCase)$|^Test")


def find_java(workspace: Workspace, hints: Hints) -> Recipe | str:  # noqa: ARG001 - one shape for all finders
    """The recipe of a Maven or Gradle build, or why there is none."""
    paths = {f.path for f in workspace.files()}
    if "pom.xml" in paths:
        return _maven(workspace, paths)
    if found := next((p for p in GRADLE_FILES if p in paths), None):
        return _gradle(workspace, paths, found)
    return "Java: there is neither pom.xml nor build.gradle"


def _maven(workspace: Workspace, paths: set[str]) -> Recipe:
    poms = sorted(p for p in paths if posixpath.basename(p) == "pom.xml" and "/src/" not in p)
    text = "".join(workspace.read_text(p) or "" for p in poms)
    failsafe = "maven-failsafe-plugin" in text and any(re.search(r"IT\.(?:java|kt)$", p) for p in paths)
    goal = "verify" if failsafe else "test"
    start = f'ROOT="$PWD"; {_jdk(workspace, text)}{_tool("mvn", "mvnw", paths)}'
    level = _level(text)
    command = f"$BUILD {MAVEN}{level}"
    # whoever needs what a sibling packages finds it in the local repository
    setup = (
        f"{start}$BUILD {MAVEN}{level} -q {goal} {NO_TEST} || $BUILD {MAVEN}{level} -q install -DskipTests"
        f" && {{ $BUILD {MAVEN}{level} -q {goal} {NO_TEST} || true; }}"
    )
    classes = f'$(for t in {{tests}}; do {_CLASS_OF}; echo "$t"; done | sort -u | paste -sd,)'
    folder, canary = _place(workspace, paths)
    return Recipe(
        language="java",
        setup=(setup,),
        test=f"{start}{command} -o {_GO_ON} {goal} && {_FAILURES}",
        test_only=f"{start}{command} -o {_GO_ON} test {NO_TEST.replace('NoSuchTestAnywhere', classes)} && {_FAILURES}",
        report=ReportFormat.SUREFIRE,
        source="pom.xml",
        inputs=tuple(poms),
        runner="maven",
        test_folder=folder,
        canary=canary,
    )


def _gradle(workspace: Workspace, paths: set[str], found: str) -> Recipe:
    builds = [p for p in paths if p.rsplit("/", 1)[-1] in GRADLE_FILES]
    inputs = [
        *builds,
        *(p for p in paths if p.endswith((".lockfile", "libs.versions.toml", "gradle-wrapper.properties"))),
    ]
    text = "".join(workspace.read_text(p) or "" for p in sorted(builds))
    task, compiled = ("jvmTest", "jvmTestClasses") if "multiplatform" in text else ("test", "testClasses")
    start = f"{_jdk(workspace, text)}{_tool('gradle', 'gradlew', paths)}"
    folder, canary = _place(workspace, paths)
    chosen = f'$(for t in {{tests}}; do {_CLASS_OF}; echo "--tests *$t"; done | sort -u)'
    return Recipe(
        language="java",
        setup=(f"{start}$BUILD {GRADLE} {compiled} && {{ $BUILD {GRADLE} {task} --tests NoSuchTest || true; }}",),
        test=f"{start}$BUILD {GRADLE} --offline --continue {task}",
        test_only=f"{start}$BUILD {GRADLE} --offline --continue {task} {chosen}",
        report=ReportFormat.SUREFIRE,
        source=found,
        inputs=tuple(sorted(inputs)),
        runner="gradle",
        test_folder=folder,
        canary=canary,
    )


def _tool(program: str, wrapper: str, paths: set[str]) -> str:
    """The machine's own Maven, or else the wrapper, which downloads one; a Gradle build wants its own version first."""
    if wrapper not in paths:
        return f"BUILD={program}; "
    own = f'"sh $PWD/{wrapper}"'
    if program == "gradle":
        return f"BUILD={own}; $BUILD {GRADLE} --version >/dev/null 2>&1 || BUILD={program}; "
    return f"BUILD={program}; command -v {program} >/dev/null || BUILD={own}; "


def _jdk(workspace: Workspace, text: str) -> str:
    """The oldest JDK of the image that can build what the manifests and CI ask for."""
    asked = [int(v) for v in (*_MAVEN_LEVEL.findall(text), *_GRADLE_LEVEL.findall(text))]
    tested = [v for v in _ci_versions(workspace) if v <= JDKS[-1]]
    wanted = max(asked, default=max(tested, default=JDKS[0]))
    version = next((v for v in JDKS if v >= wanted), JDKS[-1])
    if wanted < JDKS[0] and tested and JDKS[0] not in tested and JDKS[-1] in tested:
        version = JDKS[-1]
    return (
        f"JDK=$(ls -d /usr/lib/jvm/java-{version}-openjdk-* 2>/dev/null | head -1); "
        '[ -z "$JDK" ] || export JAVA_HOME="$JDK" PATH="$JDK/bin:$PATH"; '
    )


def _level(text: str) -> str:
    """JDK 17 compiles nothing older than Java 7 and warns of it: a level below is raised to 8."""
    old = re.search(r"<maven\.compiler\.(?:source|target)>1\.[3-6]<", text)
    return " -Dmaven.compiler.source=8 -Dmaven.compiler.target=8" if old else ""


def _ci_versions(workspace: Workspace) -> Iterator[int]:
    """Versions given to actions/setup-java, matrix expressions looked up."""
    for path in workflow_paths(workspace):
        for job in jobs_of(workspace.read_text(path)):
            steps = job.get("steps")
            for step in steps if isinstance(steps, list) else []:
                given = step.get("with") if isinstance(step, dict) else None
                if not isinstance(given, dict) or "setup-java" not in str(step.get("uses", "")):
                    continue
                version = given.get("java-version")
                if found := re.search(r"matrix\.([\w-]+)", str(version)):
                    strategy = job.get("strategy")
                    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
                    version = matrix.get(found[1]) if isinstance(matrix, dict) else None
                for each in version if isinstance(version, list) else str(version).split():
                    if number := re.match(r"(?:1\.)?(\d+)", str(each)):
                        yield int(number[1])


def _place(workspace: Workspace, paths: set[str]) -> tuple[str, Canary | None]:
    """The folder with most tests, and a failing test for it, in the words of the tests that are there."""
    tests = [
        p
        for p in sorted(paths)
        if re.search(r"(?:^|/)src/(?:test|jvmTest)/(?:java|kotlin)/", p)
        and p.endswith((".java", ".kt"))
        and _CLASS.search(_stem(p))
    ]
    count = Counter(posixpath.dirname(p) for p in tests)
    folder = min(count, key=lambda d: (-count[d], d.count("/"), d), default="")
    here = [p for p in tests if posixpath.dirname(p) == folder]
    if not here:
        return "src/test/java", None
    text = "".join(workspace.read_text(p) or "" for p in here[:20])
    package = re.search(r"^package ([\w.]+)", text, re.MULTILINE)
    kotlin = here[0].endswith(".kt")
    end = "" if kotlin else ";"
    head = f"package {package[1]}{end}\n\n" if package else ""
    marks = ("org.junit.jupiter.api.Test", "org.testng.annotations.Test", "kotlin.test.Test", "org.junit.Test")
    mark = max(marks, key=lambda m: (text.count(m), -marks.index(m)))
    suffix = Counter(m[0] for p in here if (m := re.search(r"(?:Tests?|IT|Spec|TestCase)$", _stem(p)))).most_common(1)
    name = "{name}" + (suffix[0][0] if suffix else "Test")
    if kotlin:
        body = f"class {name} {{ @{mark} fun {{name}}() {{ {{failure}} }} }}\n"
    elif not any(m in text for m in marks) and "TestCase" in text:
        body = f"public class {name} extends junit.framework.TestCase {{ public void test{{name}}() {{ fail(); }} }}\n"
    else:
        body = f"public class {name} {{ @{mark} public void {{name}}() {{ {{failure}} }} }}\n"
    return folder, Canary(f"{folder}/{name}.{'kt' if kotlin else 'java'}", head + body)


def _stem(path: str) -> str:
    return posixpath.basename(path).rsplit(".", 1)[0]
