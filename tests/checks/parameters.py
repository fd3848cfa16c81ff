"""Finds parametrized tests whose declaration and function name their parameters differently: such a file is not collected."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator


def unused_parameters(tree: ast.Module, received: Collection[str]) -> Iterator[str]:
    """Each parameter that a test declares and does not take. Fixtures take the names in `received`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            taken = {each.arg for each in (*node.args.args, *node.args.kwonlyargs)} | {*received}
            for name in _declared(node.decorator_list):
                if name not in taken:
                    yield f"{node.lineno} {node.name} does not take `{name}`, which it is parametrized with"


def _declared(decorators: Iterable[ast.expr]) -> Iterator[str]:
    for each in decorators:
        if isinstance(each, ast.Call) and ast.unparse(each.func).endswith(".parametrize"):
            names = ast.literal_eval(each.args[0])
            listed = names.split(",") if isinstance(names, str) else names
            yield from (name.strip() for name in listed)


def fixture_parameters(tree: ast.Module) -> Iterator[str]:
    """The names that the fixtures of a file take: a test may be parametrized for its fixture."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = map(ast.unparse, node.decorator_list)
            if any("fixture" in each for each in decorators):
                yield from (each.arg for each in (*node.args.args, *node.args.kwonlyargs))
