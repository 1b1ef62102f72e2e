"""Doubts about Python code, from its syntax: only what stands on added lines counts."""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

_TOOLS = frozenset({"pytest", "_pytest", "unittest", "pluggy", "nose", "doctest", "coverage", "xdist", "hypothesis"})
_RUNNER_TEXT = re.compile(
    r"^_?pytest$|^py\.test$|^unittest(?:\.\w+)*$|^_pytest\.|^nose2?$|^TOX_|^conftest$|^CI$|^GITHUB_ACTIONS$|"
    r"^(?:PYTEST|PENNYFIX)_\w"
)
_VARIABLE = re.compile(r"(?:PYTEST|PENNYFIX)(?:_\w*)?")
_ENVIRONMENTS = frozenset({"os.environ", "os.environb"})
_ENVIRONMENT_LOOK_UPS = frozenset(
    {"os.getenv", "os.getenvb"}
    | {f"{e}.{m}" for e in _ENVIRONMENTS for m in ("get", "pop", "setdefault", "__getitem__", "__contains__")}
)
_PLACES = re.compile(
    r"sys\.(?:modules|argv|orig_argv|path)|os\.environ|__name__|f_code|f_globals|co_filename|cmdline|executable"
)
_FRAMES = frozenset(
    {
        "sys._getframe", "sys._getframemodulename", "sys._current_frames", "sys.settrace", "sys.setprofile",
        "threading.settrace", "threading.setprofile", "sys.monitoring", "gc.get_objects", "gc.get_referrers",
        "inspect.stack", "inspect.currentframe", "inspect.getouterframes", "inspect.trace", "inspect.getframeinfo",
        "traceback.extract_stack", "traceback.walk_stack", "traceback.format_stack", "traceback.print_stack",
        "ctypes.pythonapi",
    }
)  # fmt: skip
_ENDS = frozenset({"os._exit", "os.abort", "os.kill", "signal.raise_signal", "faulthandler._sigsegv"})
_EXACT_PATCHES = frozenset(
    {
        "sys.exit", "sys.stdout", "sys.stderr", "sys.excepthook", "sys.meta_path", "sys.path_hooks", "os._exit",
        "builtins.open", "builtins.print", "builtins.isinstance", "builtins.__import__", "sys.__stdout__",
    }
)  # fmt: skip
_LOOK_UPS = _ENVIRONMENT_LOOK_UPS | {"sys.modules.get", "sys.modules.__getitem__", "sys.modules.__contains__"}
_IMPORTERS = frozenset({"__import__", "importlib.import_module", "importlib.util.find_spec", "pkgutil.find_loader"})
_ASKS = "asks whether it is being tested"
_NAMES_OF_NAMES = 3
"""How far a name is followed that stands for another."""
_TRUE = {"__eq__": True, "__ne__": False, "__contains__": True, "__instancecheck__": True, "__subclasscheck__": True}


def python_doubts(before: str, after: str, added: frozenset[int], *, own: Collection[str] = frozenset()) -> list[str]:
    """What the added lines (by number) do that a product seldom does and a forger of test results often.

    `own` are top-level modules of this repository: a test tool may load its own parts.
    """
    tree, old = _parsed(after), _parsed(before)
    if tree is None:
        return []
    known = _aliases(old) if old is not None else {}
    aliases = _aliases(tree)
    tree = _with_known_texts(tree)
    had_tools = ({name.split(".")[0] for name in known.values()} | set(own)) & _TOOLS
    out: list[str] = []
    for node in _code(tree):
        if getattr(node, "lineno", 0) in added or _spans(node, added):
            out += _node(node, aliases, had_tools)
    if not any(found.startswith(_ASKS) for found in out):  # a name alone, wherever it is used
        out += [f"{_ASKS} (`{name}`)" for name in dict.fromkeys(_variables(tree, added))]
    return out


def python_import_effects(path: str, after: str) -> list[str]:
    """What a new test module does to others merely by being imported: it sets something of another module."""
    tree = _parsed(after) if path.endswith(".py") else None
    if tree is None:
        return []
    aliases = _aliases(tree)
    out = []
    for node in _at_import(tree.body):
        for target in _targets(node):
            name = _dotted(target, aliases)
            if "." in name and name.split(".")[0] in {a.split(".")[0] for a in aliases.values()}:
                out.append(f"a new test file changes another module when it is imported (`{name}`)")
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and _dotted(node.value.func, aliases) == "setattr"
        ):
            out.append("a new test file changes another module when it is imported (`setattr`)")
    return out


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _code(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node, those under `if TYPE_CHECKING:` left out: they never run."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += node.orelse
        else:
            todo += reversed(list(ast.iter_child_nodes(node)))


def _with_known_texts(tree: ast.Module) -> ast.Module:
    """The module with the text in the place of each name that is bound once, to a text that is known."""
    bound = Counter(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load))
    bound.update(n.arg for n in ast.walk(tree) if isinstance(n, ast.arg))
    for _ in range(_NAMES_OF_NAMES):
        texts = {
            target.id: text
            for node in ast.walk(tree)
            for target in _targets(node)
            if isinstance(target, ast.Name) and bound[target.id] == 1 and not isinstance(node, ast.AugAssign)
            if (text := _text(getattr(node, "value", None))) is not None
        }
        tree = _Texts(texts).visit(tree)
    return tree


class _Texts(ast.NodeTransformer):
    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def visit_Name(self, node: ast.Name) -> ast.expr:
        text = self.texts.get(node.id) if isinstance(node.ctx, ast.Load) else None
        return node if text is None else ast.copy_location(ast.Constant(text), node)


def _variables(tree: ast.Module, added: frozenset[int]) -> Iterator[str]:
    """The texts in added code that are names of a runner's variables, or their beginning."""
    for node in _code(tree):
        text = _text(node) if getattr(node, "lineno", 0) in added else None
        if text is not None and _VARIABLE.fullmatch(text):
            yield text


def _spans(node: ast.AST, added: frozenset[int]) -> bool:
    """A method of comparison counts if any of its lines is new: its body may be what changed."""
    return (
        isinstance(node, ast.FunctionDef)
        and node.name in _TRUE
        and not added.isdisjoint(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    )


def _aliases(tree: ast.Module) -> dict[str, str]:
    """What each imported name means, dotted."""
    out: dict[str, str] = {}
    for node in _code(tree):
        if isinstance(node, ast.Import):
            out |= {
                (a.asname or a.name.split(".")[0]): (a.name if a.asname else a.name.split(".")[0]) for a in node.names
            }
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            out |= {(a.asname or a.name): f"{node.module}.{a.name}" for a in node.names}
    return out


def _dotted(node: ast.AST, aliases: dict[str, str]) -> str:
    """`inspect.stack` for the expression that means it, also by `__import__` or `getattr`; "" for any other."""
    if isinstance(node, ast.Name):
        return aliases.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        below = _dotted(node.value, aliases)
        return f"{below}.{node.attr}" if below else ""
    if isinstance(node, ast.Call) and node.args:
        return _called(node, aliases)
    return ""


def _called(node: ast.Call, aliases: dict[str, str]) -> str:
    """What `__import__("a.b")` and `getattr(a, "b")` mean, where the texts are known."""
    name = _dotted(node.func, aliases)
    if name in ("__import__", "importlib.import_module") and (module := _text(node.args[0])):
        return module.split(".")[0] if name == "__import__" else module
    if name == "getattr" and len(node.args) > 1 and (attribute := _text(node.args[1])):
        below = _dotted(node.args[0], aliases)
        return f"{below}.{attribute}" if below else ""
    return ""


def _node(node: ast.AST, aliases: dict[str, str], had_tools: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from _import(node, had_tools)
    elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
        yield from _name(_dotted(node, aliases))
    elif isinstance(node, ast.Call):
        yield from _call(node, aliases)
        yield from _name(_called(node, aliases) if node.args else "")
    elif isinstance(node, ast.Compare):
        yield from _comparison(node, aliases)
    elif isinstance(node, ast.Subscript):
        name = _dotted(node.value, aliases)
        asks = name in {*_ENVIRONMENTS, "sys.modules"} and _asks(node.slice)
        if asks or (name in _ENVIRONMENTS and _hides(node.slice)):
            yield f"{_ASKS} (`{ast.unparse(node)[:60]}`)"
    elif isinstance(node, ast.FunctionDef) and node.name in _TRUE and _always(node, value=_TRUE[node.name]):
        yield f"an equality that is always true (`{node.name}`)"
    for target in _targets(node):
        yield from _assignment(target, node, aliases)


def _name(name: str) -> Iterator[str]:
    if name in _FRAMES or name.startswith("sys.monitoring."):
        yield f"looks at its callers (`{name}`)"
    if name in _ENDS:
        yield f"ends the process in the middle of a run (`{name}`)"


def _import(node: ast.Import | ast.ImportFrom, had_tools: set[str]) -> Iterator[str]:
    names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    for name in names if isinstance(node, ast.Import) or not node.level else ():
        if name.split(".")[0] in _TOOLS - had_tools:
            yield f"loads a test tool from product code (`{name}`)"


def _call(node: ast.Call, aliases: dict[str, str]) -> Iterator[str]:
    name = _dotted(node.func, aliases)
    first = node.args[0] if node.args else None
    if name in _IMPORTERS and first is not None and _asks(first, tools=True):
        yield f"loads a test tool from product code (`{ast.unparse(node)[:60]}`)"
    elif first is not None and (
        (name in _LOOK_UPS and _asks(first)) or (name in _ENVIRONMENT_LOOK_UPS and _hides(first))
    ):
        yield f"{_ASKS} (`{ast.unparse(node)[:60]}`)"
    elif name in ("exec", "eval", "compile") and first is not None and _made(first):
        yield f"runs code made from text (`{ast.unparse(node)[:60]}`)"
    elif name in ("setattr", "delattr") and first is not None:
        top = _dotted(first, aliases)
        if top.split(".")[0] in _TOOLS | {"builtins", "sys"} or "sys.modules" in ast.unparse(first):
            yield f"changes the test runner, its report or a built-in from product code (`{ast.unparse(node)[:60]}`)"
    elif name.endswith(("meta_path.insert", "meta_path.append")) or (
        name == "atexit.register" and "exit" in ast.unparse(node).removeprefix("atexit")
    ):
        yield f"changes the test runner, its report or a built-in from product code (`{name}`)"


def _comparison(node: ast.Compare, aliases: dict[str, str]) -> Iterator[str]:
    """`"pytest" in sys.modules`, `"pytest" in sys.argv[0]`, `"test" in __file__ of a caller` and the like."""
    sides = [node.left, *node.comparators]
    text = " ".join(_dotted(s, aliases) or ast.unparse(s) for s in sides)
    told = any(_asks(s, tools=True) for s in sides) and _PLACES.search(text)
    hidden = not _ENVIRONMENTS.isdisjoint(_dotted(s, aliases) for s in node.comparators) and _hides(node.left)
    if told or hidden or (any(_asks(s) for s in sides) and re.search(r"os\.environ|sys\.modules", text)):
        yield f"{_ASKS} (`{ast.unparse(node)[:60]}`)"


def _asks(node: ast.AST, *, tools: bool = False) -> bool:
    """Whether an expression is a text that means a test runner, also one put together from pieces."""
    text = _text(node)
    if text is None:
        return False
    return bool(_RUNNER_TEXT.match(text)) and not (tools and text in ("CI", "GITHUB_ACTIONS"))


def _hides(node: ast.AST) -> bool:
    """Whether the name of an environment variable is made so that only running tells it, of pieces that mean tests."""
    if _text(node) is not None:
        return False
    pieces = "".join(filter(None, (_text(n) for n in ast.walk(node) if isinstance(n, ast.Constant))))
    return bool(_made(node) or re.search(r"TEST|TSET", pieces, re.IGNORECASE))


def _text(node: ast.AST | None) -> str | None:
    if isinstance(node, ast.Constant):
        text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
        return text if isinstance(text, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return left + right if left is not None and right is not None else None
    if isinstance(node, ast.JoinedStr):
        parts = [_text(v.value if isinstance(v, ast.FormattedValue) else v) for v in node.values]
        return "".join(p or "" for p in parts) if all(p is not None for p in parts) else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and "-1" in ast.unparse(node.slice):
        inner = _text(node.value)
        return inner[::-1] if inner is not None else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join" and node.args:
        items = node.args[0].elts if isinstance(node.args[0], ast.List | ast.Tuple) else []
        parts, between = [_text(i) for i in items], _text(node.func.value)
        return (between or "").join(p or "" for p in parts) if parts and all(p is not None for p in parts) else None
    return None


def _made(node: ast.AST) -> bool:
    """Whether code is decoded from something: base64, hexadecimal, character codes, another encoding."""
    text = ast.unparse(node)
    return bool(re.search(r"b64decode|fromhex|unhexlify|decompress|\bchr\(|codecs\.|rot13|\.decode\(|\[::-1\]", text))


def _always(node: ast.FunctionDef, *, value: bool) -> bool:
    """Whether every `return` of a method gives the constant `value`, and there is one."""
    returns = [n for n in ast.walk(node) if isinstance(n, ast.Return)]
    return bool(returns) and all(
        isinstance(r.value, ast.Constant) and r.value.value is not None and bool(r.value.value) is value
        for r in returns
    )


def _targets(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.Assign):
        found: list[ast.AST] = []
        for target in node.targets:
            found += target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        return found
    if isinstance(node, ast.AugAssign | ast.AnnAssign):
        return [node.target]
    return []


def _assignment(target: ast.AST, node: ast.AST, aliases: dict[str, str]) -> Iterator[str]:
    words = "changes the test runner, its report or a built-in from product code"
    value = getattr(node, "value", None)
    answer = value.body if isinstance(value, ast.Lambda) else None
    wanted = _TRUE.get(target.id) if isinstance(target, ast.Name) else None
    if wanted is not None and isinstance(answer, ast.Constant) and bool(answer.value) is wanted:
        yield f"an equality that is always true (`{ast.unparse(target)}`)"
    name = _dotted(target.value if isinstance(target, ast.Subscript) else target, aliases)
    top = name.split(".")[0]
    imported = top in aliases.values() or any(v.split(".")[0] == top for v in aliases.values())
    if isinstance(target, ast.Attribute) and (name in _EXACT_PATCHES or (imported and top in _TOOLS | {"builtins"})):
        yield f"{words} (`{name}`)"
    if isinstance(target, ast.Subscript) and name == "sys.modules" and ast.unparse(target.slice) != "__name__":
        yield f"{words} (`{ast.unparse(target)}`)"


def _at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported, those inside `if`, `try` and `with` too."""
    for node in body:
        yield node
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(node, name, None)
            if isinstance(node, ast.If | ast.Try | ast.With | ast.For) and isinstance(inner, list):
                yield from _at_import(inner)
