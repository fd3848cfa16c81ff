"""Documents whose cost grows faster than their length, each in a requested size."""

from __future__ import annotations

from collections.abc import Callable

MOST_CHARACTERS = 15_000
MOST_TOKENS = 2_000


def _fragments(count: int, on: str, body: Callable[[int], str], last: str = "id") -> str:
    chain = [f"fragment F{i} on {on} {{ {body(i)} }}" for i in range(count)]
    return " ".join([*chain, f"fragment F{count} on {on} {{ {last} }}"])


def _cat(selections: str) -> str:
    return "{ cat { " + selections + " } }"


def _many(count: int, write: Callable[[int], str]) -> str:
    return " ".join(write(i) for i in range(count))


def _owners(depth: int) -> str:
    """Nested levels in which each of two owners has different selections."""
    if depth == 0:
        return "id"
    rest = "friend { " * depth + "id" + " }" * depth
    return f"... on Cat {{ {rest} }} ... on Dog {{ {rest} }} friend {{ {_owners(depth - 1)} }}"


def _automaton(count: int) -> str:
    """Fragments that use the name "boss" so that 2^count sets of fragments are merged."""
    fragments = [
        f"fragment G{i} on Person {{ boss {{ ...G{i + 1} }} pal {{ ...G{i + 1} }} }}"
        for i in range(count)
    ]
    starts = [
        f"fragment S{i} on Person {{ boss {{ ...S{i + 1} ...G{i} }} pal {{ ...S{i + 1} }} }}"
        for i in range(count)
    ]
    ends = f"fragment G{count} on Person {{ id }} fragment S{count} on Person {{ id }}"
    return " ".join(["{ person { ...S0 } }", *fragments, *starts, ends])


def _stairs(count: int) -> str:
    """A chain of fragments of which every suffix is spread below a separate field."""
    chain = _many(count, lambda i: f"fragment F{i} on Person {{ ...F{i + 1} boss {{ id }} }}")
    last = f"fragment F{count} on Person {{ id }}"
    steps = "".join(f"boss {{ ...F{i} " for i in range(count))
    return f"{{ person {{ {steps}id {'} ' * count}}} }} {chain} {last}"


def _shared(operations: int, fragments: int) -> str:
    """Several operations that share fragments with a variable."""
    operation_texts = _many(operations, lambda i: f"query Q{i}($v: String) {{ ...F0 }}")
    used = _fragments(fragments, "Query", lambda i: f"...F{i + 1} echo(text: $v)", "hello")
    return f"{operation_texts} {used}"


# Each grows linearly; the first number is the largest size that is within the limits.
GROWING: dict[str, tuple[int, Callable[[int], str]]] = {
    "a field repeated": (1_990, lambda n: "{" + "hello " * n + "}"),
    "an object repeated": (490, lambda n: _cat("friend { id } " * n)),
    "a field nested": (58, lambda n: "{ person { " + "boss { " * n + "id" + " }" * n + " } }"),
    "arguments repeated": (180, lambda n: "{" + 'echo(text: "a", number: 1) ' * n + "}"),
    "large arguments repeated": (
        24,
        lambda n: "{" + ("echo(filter: {and: [" + "{lives: {eq: 1}} " * 8 + "]}) ") * n + "}",
    ),
    "one large argument": (
        215,
        lambda n: "{ echo(filter: {or: [" + "{lives: {eq: 1}} " * n + "]}) }",
    ),
    "unknown fields": (1_990, lambda n: "{" + _many(n, lambda i: f"z{i}") + "}"),
    "one unknown field": (1_990, lambda n: "{" + "zz " * n + "}"),
    "unknown arguments": (330, lambda n: "{" + _many(n, lambda i: f"hello(z{i}: 1)") + "}"),
    "unknown types": (280, lambda n: "{" + _many(n, lambda i: f"... on Z{i} {{ id }}") + "}"),
    "unknown fragments": (990, lambda n: "{" + _many(n, lambda i: f"...Z{i}") + "}"),
    "unknown variables": (284, lambda n: "{" + _many(n, lambda i: f"echo(text: $z{i})") + "}"),
    "unused variables": (
        480,
        lambda n: "query (" + _many(n, lambda i: f"$z{i}: Int") + ") { hello }",
    ),
    "unused fragments": (
        240,
        lambda n: "{ hello } " + _many(n, lambda i: f"fragment Z{i} on Cat {{ id }}"),
    ),
    "fragments of one name": (240, lambda n: "{ hello } " + "fragment Z on Cat { id } " * n),
    "arguments of one name": (650, lambda n: "{ echo(" + "text: 1 " * n + ") }"),
    "input fields of one name": (
        600,
        lambda n: "{ echo(filter: {" + "and: [] " * (n // 2) + "}) }",
    ),
    "variables of one name": (480, lambda n: "query (" + "$z: Int " * n + ") { hello }"),
    "variables used once": (
        170,
        lambda n: (
            "query ("
            + _many(n, lambda i: f"$z{i}: String")
            + ") {"
            + _many(n, lambda i: f"echo(text: $z{i})")
            + "}"
        ),
    ),
    "a variable of the wrong type": (
        280,
        lambda n: "query ($v: Int) {" + "echo(text: $v) " * n + "}",
    ),
    "wrong literals": (330, lambda n: "{" + "echo(number: A) " * n + "}"),
    "inline fragments": (330, lambda n: "{ pet { " + "... on Cat { id } " * n + "} }"),
    "impossible fragments": (330, lambda n: "{ cat { " + "... on Dog { id } " * n + "} }"),
    "untyped fragments": (495, lambda n: _cat("... { id } " * n)),
    "one fragment spread": (
        990,
        lambda n: "{ pet { " + "...F0 " * n + "} } fragment F0 on Node { id }",
    ),
    "a chain of fragments": (
        99,
        lambda n: _cat("...F0") + _fragments(n, "Cat", lambda i: f"id ...F{i + 1} name"),
    ),
    "a bomb side by side": (
        95,
        lambda n: _cat("...F0") + _fragments(n, "Cat", lambda i: f"...F{i + 1} ...F{i + 1}"),
    ),
    "a bomb below one name": (
        90,
        lambda n: (
            _cat("...F0")
            + _fragments(n, "Cat", lambda i: f"friend {{ ...F{i + 1} }} friend {{ ...F{i + 1} }}")
        ),
    ),
    "a bomb below two owners": (
        48,
        lambda n: (
            "{ named { ...F0 } }"
            + _fragments(
                n,
                "Named",
                lambda i: (
                    f"... on Cat {{ friend {{ ...F{i + 1} }} }} "
                    f"... on Dog {{ friend {{ ...F{i + 1} }} }} friend {{ ...F{i + 1} }}"
                ),
            )
        ),
    ),
    "operations that share fragments": (95, lambda n: _shared(10, n)),
    "a cycle of fragments": (
        95,
        lambda n: _cat("...F0") + _fragments(n, "Cat", lambda i: f"...F{i + 1}", "...F0"),
    ),
    "cycles of one fragment": (
        240,
        lambda n: _cat("id") + _many(n, lambda i: f" fragment F{i} on Cat {{ ...F{i} }}"),
    ),
    "pages repeated": (
        150,
        lambda n: "query ($n: Int) {" + "people(first: $n) { nodes { __typename } } " * n + "}",
    ),
    "introspection": (300, lambda n: "{ __schema { " + "types { name } " * n + "} }"),
    "comments": (7_400, lambda n: "{ hello " + "#\n" * n + "}"),
    "commas": (14_900, lambda n: "{ hello " + "," * n + "}"),
    "escapes": (2_490, lambda n: '{ echo(text: "' + "\\u0041" * n + '") }'),
    "a block string": (7_400, lambda n: '{ echo(text: """' + "a\n" * n + '""") }'),
    "quotes": (7_400, lambda n: '{ echo(text: "' + '\\"' * n + ") }"),
    "half quotes": (1_900, lambda n: "{ hello " + '"\n' * n + "}"),
    "a long name": (14_900, lambda n: "{ " + "z" * n + " }"),
    "definitions of types": (25, lambda n: _many(n, lambda i: f"type Z{i} {{ id: ID }}")),
    "unions": (900, lambda n: "union Z = " + "| Z " * n),
}

# These are over a limit, or meant for a checker that does not bound its work.
FIXED: dict[str, str] = {
    "sets of states": _automaton(55),
    "choices of owners": "{ named { " + _owners(12) + " } }",
    "stairs": _stairs(50),
    "brackets": "{" * 14_000,
    "brackets of a type": "query ($v: " + "[" * 7_000 + "Int" + "]" * 7_000 + ") { hello }",
    "brackets of a value": "{ echo(filter: " + "{and: [" * 900 + "]}" * 900 + ") }",
    "aliases": "{" + _many(990, lambda i: f"a{i}: hello") + "}",
    "directives": "{ hello " + "@aa " * 900 + "}",
    "few directives": "{ hello " + "@aa " * 10 + "}",
    "operations": _many(300, lambda i: f"query Q{i} {{ hello }}"),
    "nameless operations": "{ hello } " * 600,
    "a long number": "{ echo(number: " + "1" * 14_000 + ") }",
    "a long list": '{ nodes(ids: ["1"' + ' "1"' * 900 + "]) { id } }",
    "pages of pages": "{ people(first: 100) { nodes { ... on Cat { toys(first: 100) { nodes { "
    "pet { ... on Dog { toys(first: 100) { nodes { id } } } } } } } } } }",
    "a subscription's fragments": "subscription { ...F0 } "
    + _fragments(95, "Subscription", lambda i: f"...F{i + 1} ...F{i + 1}", "cats { id }"),
    "every character": "".join(map(chr, range(1, 14_000))),
    "nothing": "",
}


def largest() -> dict[str, str]:
    """Return every hostile document at its full size, by name."""
    grown = {name: write(size) for name, (size, write) in GROWING.items()}
    return {**grown, **FIXED}
