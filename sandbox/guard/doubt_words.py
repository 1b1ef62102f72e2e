"""What added lines say when they know of tests: patterns by language, each with its meaning for people."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoubtPattern:
    """A pattern in one line of code, and what it does there."""

    pattern: re.Pattern[str]
    meaning: str


def _word(pattern: str, meaning: str) -> DoubtPattern:
    return DoubtPattern(re.compile(pattern), meaning)


_TOOLS = (
    r"(?:@?jest(?:[-/@][\w/-]+)?|vitest(?:/[\w/]+)?|@vitest/[\w-]+|mocha(?:/[\w/]+)?|ava|tape|tap|chai|sinon|node:test|"
    r"jasmine(?:-core)?|@playwright/test|cypress|@testing-library/[\w-]+|expect|should|uvu|supertest|nock)"
)
_RUNNER = "asks whether it is being tested"
_FRAMES = "looks at its callers"
_ENDS = "ends the process in the middle of a run"
_PATCHES = "changes the test runner, its report or a built-in from product code"
_LOADS = "loads a test tool from product code"

Language: dict[str, tuple[str, ...]] = {
    "javascript": (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte"),
    "go": (".go",),
    "rust": (".rs",),
    "java": (".java", ".kt", ".groovy", ".scala"),
}
"""File name endings by language; Python is read by its syntax instead."""

ANY_CODE = (
    _word(
        r"\b(?:PYTEST_(?:CURRENT_TEST|VERSION|XDIST_\w+|ADDOPTS|PLUGINS|DISABLE_\w+)|JEST_WORKER_ID|JEST_JUNIT\w*|"
        r"VITEST(?:_\w+)?(?=['\"\]\b])|VITEST_(?:WORKER|POOL)_ID|NODE_TEST_CONTEXT|MOCHA_\w+|NEXTEST\w*|RUST_TEST_\w+|"
        r"TOX_ENV_NAME|NOX_\w+|PENNYFIX_\w+|CARGO_TARGET_TMPDIR)\b",
        _RUNNER,
    ),
    _word(
        r"junit[\w-]*\.xml|--junit-?xml|outputFile\.junit|\.pennyfix\b|surefire-reports|test-results/",
        "names the test report",
    ),
)
"""For every language, and for files that are no code."""

BY_LANGUAGE: dict[str, tuple[DoubtPattern, ...]] = {
    "javascript": (
        _word(
            r"NODE_ENV\s*(?:\]|\))?\s*[!=]==?\s*['\"`]test|['\"`]test['\"`]\s*[!=]==?\s*process\.env\.NODE_ENV|"
            r"process\.env(?:\.|\[['\"])(?:VITEST|CI\b|npm_lifecycle|JEST|MOCHA|AVA_|TAP\b|NODE_TEST)|import\.meta\.vitest|"
            r"typeof\s*\(?\s*(?:global(?:This)?\.)?(?:jest|vi|describe|it|expect|beforeEach|afterEach|before|suite|mocha)\b|"
            r"(?:global(?:This)?|window|self)\s*(?:\.|\[\s*['\"])(?:jest|vi|describe|it|test|expect|beforeEach|mocha)\b|"
            r"['\"](?:jest|describe|expect|beforeEach|vi)['\"]\s+in\s+global|process\.argv\S*\.?[^\n]*(?:mocha|jest|vitest|--test)|"
            r"process\.execArgv[^\n]*test|require\.main[^\n]*(?:mocha|jest|vitest|test)",
            _RUNNER,
        ),
        _word(
            rf"(?:\brequire(?:\.resolve)?\s*\(|\bimport\s*\(|\bfrom\s|^\s*import\s)\s*['\"`]{_TOOLS}['\"`]|"
            rf"\brequire\.cache\b|process\.binding\b|module\.constructor\b|Module\._(?:load|resolveFilename|extensions)|registerHooks",
            _LOADS,
        ),
        _word(
            r"\.stack\b[^\n]*(?:test|spec|jest|mocha|vitest)|prepareStackTrace\s*=|arguments\.callee|\.caller\b",
            _FRAMES,
        ),
        _word(
            r"\b(?:Object|Array|String|Number|Function|Promise|Error|Map|Set|Date|RegExp)\.prototype\.\w+\s*=(?!=)|"
            r"\b(?:Object\.(?:is|keys|entries)|JSON\.(?:parse|stringify)|process\.(?:exit|stdout\.write|stderr\.write|on|emit))"
            r"\s*=(?!=)|\bassert(?:\.\w+)+\s*=(?!=)|expect\.extend|\bglobal(?:This)?\.(?:it|test|describe|expect)\s*=(?!=)|"
            r"process\.exitCode\s*=\s*(?:0|undefined)",
            _PATCHES,
        ),
        _word(r"\bprocess\.(?:reallyExit|abort|kill)\b|\bprocess\.exit\s*\(\s*(?:0\s*)?\)", _ENDS),
        _word(
            r"\basymmetricMatch\b|\$\$typeof\b[^\n]*jest",
            "answers the matcher of a test",
        ),
        _word(
            r"\beval\s*\(\s*(?:atob|Buffer|String\.fromCharCode|decodeURI)|new Function\s*\(\s*(?:atob|Buffer)",
            "runs code made from text",
        ),
    ),
    "go": (
        _word(
            r"\btesting\.Testing\(\)|flag\.Lookup\(\s*\"test\.|os\.Args[^\n]*\.test\b|\"\.test\"|\"-test\.|GO_TEST|"
            r"os\.Getenv\(\s*\"CI\"",
            _RUNNER,
        ),
        _word(r"^\s*(?:import\s+)?(?:\w+\s+)?\"(?:testing|github\.com/stretchr/testify[\w/]*)\"(?m:$)", _LOADS),
        _word(r"\bruntime\.(?:Callers?|Stack|FuncForPC|CallersFrames)\b|debug\.(?:Stack|PrintStack)\b", _FRAMES),
        _word(r"\bos\.Exit\(\s*0|syscall\.(?:Exit|Kill)|//go:linkname|\bunsafe\.Pointer\([^\n]*testing", _ENDS),
    ),
    "rust": (
        _word(
            r"cfg!?\s*\(\s*(?:not\s*\(\s*)?(?:any\s*\(|all\s*\()?\s*test\b|cfg_attr\s*\(\s*(?:not\s*\(\s*)?test\b",
            _RUNNER,
        ),
        _word(r"thread::current\(\)\s*\.name\(\)|current_exe\(\)|env::args(?:_os)?\(\)[^\n]*test|\"CI\"", _RUNNER),
        _word(r"Backtrace\b|backtrace::", _FRAMES),
        _word(r"process::(?:exit\(\s*0|abort)|libc::_?exit|panic::set_hook|panic::catch_unwind", _ENDS),
    ),
    "java": (
        _word(
            r"getStackTrace\(\)|StackWalker\b|Class\.forName\(\s*\"(?:org\.junit|org\.testng|junit)|"
            r"getProperty\(\s*\"(?:surefire|org\.gradle\.test|java\.class\.path)",
            _FRAMES,
        ),
        _word(r"import\s+(?:static\s+)?(?:org\.junit|org\.testng|junit\.framework|org\.mockito|org\.assertj)", _LOADS),
        _word(r"System\.exit\(\s*0|Runtime\.getRuntime\(\)\.(?:halt|exit)|setSecurityManager", _ENDS),
    ),
}

CONSTANT_EQUALITY: dict[str, re.Pattern[str]] = {
    "javascript": re.compile(
        r"\b(?:equals?|isEqual|\[Symbol\.\w+\]|inspect|is)\s*(?:\([^)]*\)|=\s*\([^)]*\)\s*=>|:\s*\([^)]*\)\s*=>)\s*\{?\s*(?:return\s+)?(?:true|!0)\b"
    ),
    "go": re.compile(r"func\s*\([^)]*\)\s*Equals?\([^)]*\)\s*bool\s*\{\s*return true\s*\}"),
    "rust": re.compile(r"fn\s+(?:eq\s*\([^)]*\)\s*->\s*bool\s*\{\s*true|ne\s*\([^)]*\)\s*->\s*bool\s*\{\s*false)\s*\}"),
    "java": re.compile(r"\bequals\s*\([^)]*\)\s*(?::\s*Boolean\s*)?(?:\{\s*return true\s*;\s*\}|=\s*true)"),
}
"""Methods of comparison that say yes to everything."""

BUILD = (
    _word(r"cfg\(test\)|rustc-cfg|RUSTFLAGS|rustc-env", "sets how the tests are compiled"),
    _word(r"fs::(?:write|remove_file|rename|copy)|File::create|tests?/", "writes files while the tests are built"),
)
"""For a Cargo build script, which runs before anything is compiled."""

MANIFESTS: dict[str, tuple[DoubtPattern, ...]] = {
    "go.mod": (_word(r"(?m:^)\s*(?:replace\b[^\n]*|[\w./-]+(?: v[\w.-]+)?\s*)=>", "replaces a module"),),
    "Cargo.toml": (_word(r"(?m:^)\s*\[\s*(?:patch|replace)\b", "replaces a crate"),),
    "package.json": (
        _word(r"\"(?:overrides|resolutions)\"\s*:", "replaces a package"),
        _word(rf"\"{_TOOLS}\"\s*:\s*\"(?:file:|link:|portal:|git|https?:|npm:|\.)", "takes a test tool from elsewhere"),
    ),
}
"""For lists of dependencies: what the tests import may be exchanged there."""

NEW_TESTS = (
    _word(r"^\s*func (?:TestMain|init)\s*\((?m:)", "a new test file acts on the whole package's tests"),
    _word(r"def pytest_\w+\s*\(|\bpytest_plugins\s*=", "a new test file has hooks of the test runner"),
    _word(r"\bos\._exit\b|\bprocess\.exit\s*\(|\bos\.Exit\s*\(\s*0|process::exit\(\s*0|System\.exit\(\s*0", _ENDS),
)
"""For new test files, which run beside the existing ones and may act on them."""

SKIPS = re.compile(
    r"pytest\.(?:mark\.)?(?:skip|xfail|skipif|importorskip)\b|unittest\.(?:skip|expectedFailure)|\.skipTest\(|SkipTest\b|"
    r"\b(?:it|test|describe)\.(?:skip|todo|only)\b|\bx(?:it|describe)\(|\bt\.Skip(?:f|Now)?\(|#\[ignore|@(?:Disabled|Ignore)\b"
)
"""What makes a test not run."""
