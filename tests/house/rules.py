"""The rules of style, each a function from a source to the places where it is broken."""

import ast
import re
from collections.abc import Iterator

from tests.house.tree import Source

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

_NO_NAMES = {"utils.py", "helpers.py", "common.py", "manager.py"}

# Money passes through these floors, so a binary fraction has no business there. Seconds are no money: what is
# named *_s may be one. Nor is a pixel of a chart: named *_px. Anything else is listed here by file and name, with
# its reason.
EXACT_FLOORS = {"bot", "domain", "exchanges", "ledger", "messaging", "reports", "simulator", "strategy", "web"}
_ALIKE = "how alike two names must be for a 'did you mean'"
FLOATS_ALLOWED = {
    ("bot/sources.py", "_CLOSE"): _ALIKE,
    ("bot/sources.py", "cutoff"): _ALIKE,
}

# Where the real clock and real chance enter.
CLOCKS_ALLOWED = {
    "bot/clock.py": "the one clock that reads the machine's time",
    "simulator/realtime.py": "real time and fresh keys for the simulator",
}
_CLOCK_READS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "localtime", "gmtime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "uuid": {"uuid1", "uuid4"},
    "os": {"urandom"},
}
_CHANCE = {"random", "secrets"}

THREADS_ALLOWED = {
    "bot/scheduler.py",
    "bot/workers.py",
    "exchanges/stream.py",
    "exchanges/throttle.py",  # starts none: its lock stands between the threads that call a venue
    "messaging/mqtt.py",
    "messaging/outbox.py",
    "web/server.py",
}
_THREADS = {"_thread", "asyncio", "concurrent", "multiprocessing", "threading"}

# What the owner reads is Korean and stands in templates and notices.
ENGLISH_FLOORS = {"domain", "ledger", "strategy"}

_CODES = r"[A-Za-z0-9, -]+"
_SUPPRESSION = re.compile(r"#\s*(type:\s*ignore|noqa|pragma:\s*no (cover|branch)|ruff:\s*noqa|mypy:\s*ignore-errors)\b")
_EXPLAINED = re.compile(
    rf"#\s*(type:\s*ignore\[{_CODES}\]|noqa:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*|pragma:\s*no (cover|branch))\W+\w.{{7,}}"
)
_HANGUL = re.compile("[ㄱ-ㆎ가-힣]")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def opens_with_one_sentence(source: Source) -> Iterator[str]:
    """A file's first line is a docstring of one sentence: what the file knows."""
    first = source.lines[0] if source.lines else ""
    if not (match := re.fullmatch(r'r?"""(?P<sentence>.*?\.)(""")?', first)):
        yield f"{source.path}:1: the first line is no docstring of one sentence: {first or '(nothing)'}"
    elif re.search(r"[a-z)`]\. [A-Z가-힣]", match["sentence"]):
        yield f"{source.path}:1: more than one sentence: {first}"


def has_a_telling_name(source: Source) -> Iterator[str]:
    """A file is named after what it knows."""
    if source.path.rpartition("/")[2] in _NO_NAMES:
        yield f"{source.path}: this name says nothing"


def is_short(source: Source) -> Iterator[str]:
    """A long file or function hides a second idea."""
    if len(source.lines) > FILE_LINES_MAX:
        yield f"{source.path}: {len(source.lines)} lines, {FILE_LINES_MAX} allowed"
    for node in source.nodes():
        if isinstance(node, _Function):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{source.path}:{node.lineno}: {node.name} has {lines} lines, {FUNCTION_LINES_MAX} allowed"


def keeps_floats_out(source: Source) -> Iterator[str]:
    """A price, quantity or amount is never a binary fraction."""
    if source.floor in EXACT_FLOORS:
        yield from _floats(source, ast.parse(source.text), "")


def _floats(source: Source, node: ast.AST, name: str) -> Iterator[str]:
    """Look for floats below a node; `name` is what the value at hand is called."""
    name = _name_given_by(node) or name
    allowed = name.lower().endswith(("_s", "_px")) or (source.path, name) in FLOATS_ALLOWED
    is_float = (isinstance(node, ast.Constant) and isinstance(node.value, float)) or (
        isinstance(node, ast.Name) and node.id == "float"
    )
    if is_float and not allowed:
        yield f"{source.path}:{getattr(node, 'lineno', 0)}: a float, in {name or 'the module'}"
    if isinstance(node, ast.arguments):
        for argument, value in _defaults(node):
            yield from _floats(source, value, argument)
        node = ast.arguments(node.posonlyargs, node.args, node.vararg, node.kwonlyargs, [], node.kwarg, [])
    for child in ast.iter_child_nodes(node):
        # A function's name speaks for what it returns, not for all that happens in it.
        returned = not isinstance(node, _Function) or child is node.returns
        yield from _floats(source, child, name if returned else "")


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    first = len(positional) - len(arguments.defaults)
    yield from zip((argument.arg for argument in positional[first:]), arguments.defaults, strict=True)
    for argument, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if value is not None:
            yield argument.arg, value


def _name_given_by(node: ast.AST) -> str:
    match node:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case ast.AnnAssign(target=ast.Attribute(attr=name)) | ast.Assign(targets=[ast.Attribute(attr=name)]):
            return name
        case ast.arg(arg=name) | ast.keyword(arg=str(name)) | ast.FunctionDef(name=name):
            return name
        case _:
            return ""


def takes_time_and_chance_as_given(source: Source) -> Iterator[str]:
    """`now`, ids and random choices are handed in."""
    if source.path in CLOCKS_ALLOWED:
        return
    for node in source.nodes():
        match node:
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=attr):
                if owner in _CHANCE or attr in _CLOCK_READS.get(owner, ()):
                    yield f"{source.path}:{node.lineno}: {owner}.{attr}"
            case ast.ImportFrom(module=str(module)):
                for alias in node.names:
                    if module in _CHANCE or (module != "datetime" and alias.name in _CLOCK_READS.get(module, ())):
                        yield f"{source.path}:{node.lineno}: from {module} import {alias.name}"


def does_not_sleep(source: Source) -> Iterator[str]:
    """A test waits for what happens, never for a time to pass."""
    for node in source.nodes():
        match node:
            case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
                yield f"{source.path}:{node.lineno}: time.sleep"
            case ast.ImportFrom(module="time") if any(alias.name == "sleep" for alias in node.names):
                yield f"{source.path}:{node.lineno}: from time import sleep"


def explains_what_it_suppresses(source: Source) -> Iterator[str]:
    """A suppressed warning carries its code and its reason on the same line."""
    for number, comment in source.comments():
        if _SUPPRESSION.search(comment) and not _EXPLAINED.search(comment):
            yield f"{source.path}:{number}: code or reason missing: {comment}"


def starts_no_thread(source: Source) -> Iterator[str]:
    """Threads exist only where the house says so."""
    if source.path in THREADS_ALLOWED or source.floor == "simulator":
        return
    for node in source.nodes():
        for module in _imported(node):
            if module.partition(".")[0] in _THREADS:
                yield f"{source.path}:{getattr(node, 'lineno', 0)}: imports {module}"


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
        case _:
            return []


def speaks_english_inside(source: Source) -> Iterator[str]:
    """The core hands out codes and figures; words for the owner are found at the edge."""
    if source.floor not in ENGLISH_FLOORS:
        return
    for node in source.nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _HANGUL.search(node.value):
            yield f"{source.path}:{node.lineno}: {node.value!r}"
