"""Collects the messages of errors from the source: which code is returned with which sentences.

A message stands beside its code wherever one is raised: `Violation(code, message)`, `Refused(code, message)`,
`item.refuse(code, message)`, `Closed(code, reason)`, or a dictionary from codes to messages. A message may be a constant, a
variable, a `Message` (its parameters become `…name…`), the result of a function, or an argument that callers pass on; what
none of these explains is collected as unknown, which a test refuses.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from cli.common import ROOT

PACKAGES = ("domain", "db", "tenancy", "auth", "resolvers", "subscriptions", "schema", "app.py")
ENUMS = ("Code", "UserErrorCode", "CloseCode")
PLAIN = {"refuse", "_refuse", "located", "Problem", "problem_of"}
"""Functions of schema/admission, whose argument is the name of a `Code`."""
HTTP = "HttpRefused"
PLACEHOLDER = re.compile(r"\{(\w+)(?:[:!][^{}\s]*)?\}")
NESTED = frozenset({"problem", "remedy"})
"""Parameters that are messages themselves."""
PASSED = 4
"""Maximum number of functions that pass a message on before it is raised."""
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class ErrorMessage:
    """A message that is returned with a code."""

    code: str
    """Such as `Code.FORBIDDEN`."""
    text: str | None
    """None if unknown."""
    where: str
    """The file and line."""
    status: int | None = None
    """The HTTP status, if the message has its own."""


@dataclass
class Module:
    """A parsed source file, with lookups for the names that messages refer to."""

    file: Path
    tree: ast.Module
    modules: dict[str, Module] = field(repr=False)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The parent of each node."""
        tree = ast.walk(self.tree)
        return {child: node for node in tree for child in ast.iter_child_nodes(node)}

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The ancestors of a node, innermost first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def enclosing(self, node: ast.AST) -> list[Function]:
        """The enclosing functions of a node, innermost first."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [each for each in self.above(node) if isinstance(each, kinds)]

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """The module's variables."""
        found: dict[str, ast.expr] = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    found |= _assigned(target, node.value)
        return found

    @cached_property
    def functions(self) -> dict[str, Function]:
        """All functions by name, with methods."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, kinds)}

    @cached_property
    def imported(self) -> dict[str, tuple[str, str]]:
        """Module and name of each imported name."""
        nodes = (n for n in ast.walk(self.tree) if isinstance(n, ast.ImportFrom))
        return {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in nodes
            for alias in node.names
        }

    @cached_property
    def calls(self) -> list[ast.Call]:
        """All calls."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]

    def source_of(self, name: str) -> tuple[Module, str] | None:
        """The module from which a name is imported."""
        package, original = self.imported.get(name, ("", ""))
        module = self.modules.get(package)
        return None if module is None else (module, original)


def _assigned(target: ast.expr, value: ast.expr) -> dict[str, ast.expr]:
    if isinstance(target, ast.Name):
        return {target.id: value}
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=False)
        return {t.id: v for t, v in pairs if isinstance(t, ast.Name)}
    return {}


def load(root: Path = ROOT) -> dict[str, Module]:
    """Parse the packages that process requests; modules by dotted name."""
    modules: dict[str, Module] = {}
    for top in PACKAGES:
        path = root / top
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            name = ".".join(file.relative_to(root).with_suffix("").parts)
            modules[name] = Module(file, ast.parse(file.read_text()), modules)
    return modules


def collect(modules: dict[str, Module] | None = None) -> list[ErrorMessage]:
    """All distinct messages of all codes, ordered by file."""
    found: dict[tuple[str, str | None, int | None], ErrorMessage] = {}
    for module in (modules or load()).values():
        for each in _messages(module):
            key = (each.code, each.text or each.where, each.status)
            found.setdefault(key, each)
    return list(found.values())


def _messages(module: Module) -> Iterator[ErrorMessage]:
    for node in ast.walk(module.tree):
        pairs: Iterable[tuple[str, ast.expr, int | None]] = ()
        if isinstance(node, ast.Call):
            pairs = _raised(node)
        elif isinstance(node, ast.Dict):
            pairs = _mapped(node)
        for code, expression, status in pairs:
            where = f"{module.file.relative_to(ROOT)}:{node.lineno}"  # type: ignore[attr-defined]
            texts = MessageReader(module).texts(expression)
            for text in texts:
                yield ErrorMessage(code, PLACEHOLDER.sub(r"…\1…", text), where, status)
            if not texts and not _passes_on(expression):
                yield ErrorMessage(code, None, where, status)


def _raised(call: ast.Call) -> Iterator[tuple[str, ast.expr, int | None]]:
    """A code and the message after it, among the arguments of a call."""
    name = _name(call.func)
    if name == HTTP:
        yield from _http(call)
        return
    for position, argument in enumerate(call.args[:-1]):
        for code in _codes(argument, plain=name in PLAIN):
            if not isinstance(call.args[position + 1], ast.GeneratorExp):
                yield code, call.args[position + 1], None


def _http(call: ast.Call) -> Iterator[tuple[str, ast.expr, int | None]]:
    status, message, *rest = call.args
    if isinstance(status, ast.Constant) and isinstance(status.value, int):
        code = next(iter(_codes(rest[0])), "") if rest else "Code.BAD_REQUEST"
        yield code, message, status.value


def _mapped(node: ast.Dict) -> Iterator[tuple[str, ast.expr, int | None]]:
    for key, value in zip(node.keys, node.values, strict=True):
        text = isinstance(value, ast.Constant) and isinstance(value.value, str)
        text |= isinstance(value, ast.Call) and _name(value.func) == "Message"
        if (text or isinstance(value, ast.Name)) and key is not None:
            for code in _codes(key):
                yield code, value, None


def _codes(node: ast.expr, *, plain: bool = False) -> Iterator[str]:
    """The codes that an expression names: one, or those of a conditional expression."""
    if isinstance(node, ast.IfExp):
        yield from _codes(node.body, plain=plain)
        yield from _codes(node.orelse, plain=plain)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if node.value.id in ENUMS:
            yield f"{node.value.id}.{node.attr}"
    elif plain and (text := getattr(node, "value", None)) and isinstance(text, str):
        yield f"Code.{text}"


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


@dataclass(frozen=True)
class MessageReader:
    """Reads the texts that an expression can have."""

    module: Module
    deep: int = 0

    def texts(self, node: ast.expr) -> list[str]:
        """All distinct texts; none if unknown."""
        return list(dict.fromkeys(self.possible(node)))

    def possible(self, node: ast.expr) -> Iterator[str]:
        """The texts, in order."""
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr():
                yield self._joined(node)
            case ast.IfExp():
                yield from self.possible(node.body)
                yield from self.possible(node.orelse)
            case ast.BinOp(op=ast.Add()):
                for left in self.texts(node.left) or [f"…{_label(node.left)}…"]:
                    for right in self.texts(node.right):
                        yield left + right
            case ast.Call(func=ast.Name(id="Message"), args=[template, *_]):
                for text in self.texts(template):
                    yield from self._filled(text, node)
            case ast.Call(func=ast.Attribute(value=value, attr="fill")):
                for text in self.texts(value):
                    yield from self._filled(text, node)
            case ast.Call():
                yield from self.returned(_name(node.func))
            case ast.Name():
                yield from self._named(node)

    def _filled(self, template: str, call: ast.Call) -> Iterator[str]:
        """The texts of a template: those parameters are filled in that are constants or messages."""
        filled = [template]
        for each in call.keywords:
            values = self.texts(each.value) if each.arg in NESTED else [self._value(each.value)]
            if values and "…" not in values[0][:1]:
                filled = [_replaced(text, each.arg, value) for text in filled for value in values]
        yield from filled

    def _joined(self, node: ast.JoinedStr) -> str:
        parts = []
        for each in node.values:
            if isinstance(each, ast.FormattedValue):
                parts.append(self._value(each.value))
            else:
                parts.append(str(getattr(each, "value", "")))
        return "".join(parts)

    def _value(self, node: ast.expr) -> str:
        """A constant's value, or a placeholder."""
        if isinstance(node, ast.Name):
            known = self.constant(node.id)
            if isinstance(known, ast.Constant):
                value = known.value
                return f"{value:,}" if isinstance(value, int) else str(value)
        return f"…{_label(node)}…"

    def constant(self, name: str) -> ast.expr | None:
        """The value of a constant of this module or of the one from which it is imported."""
        known = self.module.constants.get(name)
        source = self.module.source_of(name) if known is None else None
        return MessageReader(source[0]).constant(source[1]) if source else known

    def _named(self, node: ast.Name) -> Iterator[str]:
        """The texts that are assigned to a variable, or passed as an argument."""
        for function in self.module.enclosing(node):
            assigned = self._assigned(function, node)
            if assigned:
                for value in assigned:
                    yield from self.possible(value)
                return
            arguments = function.args
            if node.id in [each.arg for each in (*arguments.args, *arguments.kwonlyargs)]:
                yield from self._passed(function, node.id)
                return
        known = self.module.constants.get(node.id)
        if known is not None:
            yield from self.possible(known)
        elif source := self.module.source_of(node.id):
            yield from MessageReader(source[0]).possible(ast.Name(source[1]))

    def _assigned(self, function: Function, use: ast.Name) -> list[ast.expr]:
        """The values that a variable may have where it is used: those of the last assignments before."""
        found: list[ast.expr] = []
        path = {use, *self.module.above(use)}
        nodes = [n for n in ast.walk(function) if isinstance(n, ast.Assign)]
        for each in sorted(nodes, key=lambda n: n.lineno, reverse=True):
            values = [_assigned(target, each.value).get(use.id) for target in each.targets]
            value = next((v for v in values if v is not None), None)
            if value is None or each.lineno > use.lineno:
                continue
            found.append(value)
            if any(each in block and path & {*block} for block in _blocks(self.module, each)):
                break  # it was assigned on every way here
        return found

    def _passed(self, function: Function, name: str) -> Iterator[str]:
        """The values that callers pass for a parameter, and its default."""
        if self.deep == PASSED:
            return
        names = [each.arg for each in function.args.args]
        defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
        if name in defaults:
            yield from self.possible(defaults[name])
        position = names.index(name) - (names[:1] == ["self"]) if name in names else None
        for module in self.module.modules.values():
            source = module.source_of(function.name)
            if module is not self.module and (source is None or source[0] is not self.module):
                continue
            deeper = MessageReader(module, self.deep + 1)
            for call in (each for each in module.calls if _name(each.func) == function.name):
                passed = [each.value for each in call.keywords if each.arg == name]
                if position is not None and len(call.args) > position:
                    passed.append(call.args[position])
                for value in passed:
                    yield from deeper.possible(value)

    def returned(self, name: str) -> Iterator[str]:
        """The texts that a function returns."""
        function = self.module.functions.get(name)
        if function is not None:
            for each in ast.walk(function):
                if isinstance(each, ast.Return) and each.value is not None:
                    yield from self.possible(each.value)
        elif source := self.module.source_of(name):
            yield from MessageReader(source[0]).returned(source[1])


def _replaced(text: str, name: str | None, value: str) -> str:
    return PLACEHOLDER.sub(lambda found: value if found[1] == name else found[0], text)


def _blocks(module: Module, node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The statement lists of the blocks that contain a statement."""
    parent = module.parents[node]
    for name in ("body", "orelse", "finalbody"):
        yield getattr(parent, name, None) or []


def _passes_on(node: ast.expr) -> bool:
    """Whether an expression is the message of another error."""
    return any(
        _name(each) in ("message", "error") or getattr(each, "value", None) == "message"
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute | ast.Name | ast.Constant)
    )


def _label(node: ast.expr) -> str:
    """The text of a placeholder: the last name in an expression."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(args=[first, *_]):
            return _label(first)
        case ast.Call(func=ast.Attribute(value=value)) | ast.Subscript(value=value):
            return _label(value)
        case ast.Call(func=func):
            return _label(func)
        case _:
            return "value"


def by_code(messages: Iterable[ErrorMessage]) -> dict[str, list[ErrorMessage]]:
    """Messages by their code."""
    found: dict[str, list[ErrorMessage]] = defaultdict(list)
    for each in messages:
        found[each.code].append(each)
    return found
