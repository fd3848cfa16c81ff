"""Generates invalid and unusual requests from a seed: from slightly wrong to noise."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    get_named_type,
    is_list_type,
    is_non_null_type,
)

from schema.api import GRAPHQL
from tests.http.asgi import Sent

PAGE = (
    "query ($f: OpportunityFilter, $o: [OpportunityOrder!], $n: Int, $a: String) "
    "{ opportunities(filter: $f, orderBy: $o, first: $n, after: $a) "
    "{ totalCount nodes { id name } pageInfo { endCursor } } }"
)
VALID: list[dict[str, Any]] = [
    {"query": "{ viewer { id active } }"},
    {
        "query": PAGE,
        "variables": {"f": {"name": {"contains": "a"}}, "o": [{"name": "ASC"}], "n": 2},
    },
    {
        "query": "query Q($id: ID!) { node(id: $id) { __typename id } }",
        "variables": {"id": "opp_1"},
        "operationName": "Q",
    },
    {
        "query": "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        "variables": {"ids": ["acc_1", "x"]},
    },
    {
        "query": "query ($k: [AttributeKey!]) "
        "{ accounts(first: 1) { nodes { name attributes(keys: $k) { key } } } }",
        "variables": {"k": ["a"]},
    },
    {"query": "{ opportunities(first: 1) { aggregate { count sum { amount { amount } } } } }"},
    {
        "query": "query ($g: [OpportunityGroupBy!], $h: OpportunityHaving, $o: [OpportunityGroupOrder!], "
        "$n: Int, $s: Int, $z: TimeZone) { opportunitiesAggregate(groupBy: $g, having: $h, orderBy: $o, "
        "first: $n, skip: $s, timeZone: $z) { groupCount groups { count sum { amount { amount } } } } }",
        "variables": {
            "g": [{"createdAt": "MONTH"}, {"owner": {"name": True}}],
            "h": {"count": {"gt": 1}, "sum": {"amount": {"currency": "EUR", "gte": "1"}}},
            "o": [{"max": {"amount": {"currency": "EUR", "direction": "DESC"}}}],
            "n": 3,
            "s": 1,
            "z": "Europe/Amsterdam",
        },
    },
    {
        "query": "query ($l: Int, $b: String, $m: Int) { accounts(last: $l, before: $b) "
        "{ totalCount(atMost: $m) nodes { ... on Owned { owner { initials } } websiteDomain } } }",
        "variables": {"l": 2, "m": 5},
    },
    {"query": '{ __type(name: "Account") { name fields { name } } }'},
    {
        "query": "query A { viewer { id } } query B($x: Boolean!) "
        "{ roles(first: 1) { nodes { id @skip(if: $x) name } } }",
        "variables": {"x": True},
        "operationName": "B",
    },
    {
        "query": "mutation ($i: RefreshInput!) { refresh(input: $i) { accessToken userErrors { code } } }",
        "variables": {"i": {"refreshToken": "no"}},
    },
]
PUBLIC = {
    "query": "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { code message path } } }",
    "variables": {"input": {"tenant": "acme", "email": "who@acme.example", "password": "wrong"}},
}

LONE = "\ud800"
TEXTS = [
    "",
    " ",
    "\0",
    LONE,
    "a\udfffb",
    "\ufeff",
    "\u202e\u0000",
    "é" * 300,
    "💥",
    "%",
    "_",
    "\\",
    "\\\\%",
    "'",
    "''; --",
    '"',
    "$1",
    "{}",
    "null",
    "NaN",
    "x" * 20_000,
    "ASC",
    "acc_",
    "opp_1",
    "opp_01942005-3600-7bc2-bff7-4a5165fe124a",
    "opp_" + "z" * 26,
    "2026-02-30",
    "2026-11-30",
    "0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "2026-11-30T24:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-11-30T08:15:00Z",
    "1e5",
    "-0",
    "9" * 38,
    "0." + "9" * 38,
    "9" * 39,
    "٣",
    "1_0",
    "AQID",
    "A" * 60,
    "=" * 5,
]
NEAR = {
    "Decimal": ["0", "-0", "12.50", "9" * 38, "-" + "9" * 38, "0." + "9" * 38, "0" * 38, "1.10"],
    "Date": ["0001-01-01", "9999-12-31", "2024-02-29", "2026-11-30"],
    "DateTime": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-11-30t08:15z"],
    "ID": ["opp_1", "acc_01942005-3600-7bc2-bff7-4a5165fe124a", "", "_", "opp_", "x" * 300, "É_1"],
    "TimeZone": ["UTC", "Etc/GMT-14", "America/St_Johns", "localtime", "utc"],
    "AttributeKey": ["a", "A" * 64, "region", "__proto__", "_"],
}
"""Texts at the limits of what scalars accept."""
NUMBERS = [
    0,
    -1,
    1,
    2,
    3,
    2**31 - 1,
    -(2**31),
    2**31,
    2**53,
    2**63,
    2**64,
    10**400,
    0.5,
    -0.0,
    1e308,
    5e-324,
    3.0,
]
TOKENS = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "$",
    "@",
    "!",
    "...",
    "|",
    "&",
    "=",
    "on",
    "query",
    "mutation",
    "subscription",
    "fragment",
    "fragment F on Query { ...F }",
    "...F",
    "null",
    "true",
    "1",
    "-1",
    "1e999",
    "9" * 1200,
    '"',
    '"""',
    '"\\ud800"',
    '"\\u0000"',
    "#",
    "\n",
    ",",
    "\ufeff",
    "\0",
    LONE,
    "💥",
    "__typename",
    "__schema { types { name } }",
    "@skip(if: true)",
    "@include(if: $nope)",
    "@defer",
    "@stream",
    "@deprecated",
    "first: 101",
    "first: -1",
    "first: null",
    "a: id",
    "nmae",
    "$n",
    "{ id }",
    "type",
    "extend",
    "\\",
]
HEADERS: dict[bytes, list[bytes]] = {
    b"content-type": [
        b"",
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"application/json; charset=utf-16",
        b"application/json; charset=utf-8",
        b'application/json;charset="UTF-8"; x=y',
        b"application/json; charset=",
        b"APPLICATION/JSON",
        b"application/graphql",
        b"application/json, text/plain",
        b"\xff\xfe",
        b";" * 5_000,
        b"application/jsonx",
    ],
    b"accept": [
        b"",
        b"*/*",
        b"text/html",
        b"application/json;q=0",
        b"application/json;q=nan",
        b"application/json;q=1e999, */*;q=-1",
        b"application/graphql-response+json",
        b"application/json; charset=utf-16",
        b"text/event-stream",
        b"multipart/mixed",
        b",;,;==",
        b"\xc3\x28",
        b"*/*," * 3_000,
        b"application/graphql-response+json;q=" + b"9" * 5_000,
    ],
    b"authorization": [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer x",
        b"bearer eyJhbGciOiJub25lIn0.e30.",
        b"Basic YTpi",
        b"Bearer \xff\xfe",
        b"Bearer " + b"a" * 70_000,
        b"Bearer " + b"a." * 5_000,
        b"Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.AAAA",
        b"Token x",
        b"Bearer x y z",
    ],
    b"x-access": [b"", b"strict", b"STRICT", b"admin", b"\xff", b"x" * 9_000],
    b"x-tenant": [b"", b"acme", b"globex", b"'; --", b"\xff", b"../acme"],
    b"content-length": [b"0", b"5", b"99999999999", b"-1", b"x", b""],
    b"content-encoding": [b"gzip", b"br", b"x"],
    b"transfer-encoding": [b"chunked", b"gzip, chunked"],
    b"origin": [b"null", b"https://evil.example", b"\xff"],
    b"cookie": [b"session=1; " * 500],
    b"host": [b"", b"evil.example", b"\xff", b"[::1", b"a:99999999"],
    b"x-forwarded-for": [b"1.2.3.4", b"x"],
    b"x-http-method-override": [b"GET", b"DELETE"],
    b"upgrade": [b"websocket", b"h2c"],
}
METHODS = ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "X"]
PATHS = [
    "/",
    "/graphql/",
    "/graphql//",
    "//graphql",
    "/graphql/x",
    "/graphql;x",
    "/GraphQL",
    "/graphiql",
    "/playground",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/schema.graphql",
    "/.env",
    "/.git/config",
    "/health",
    "/health/",
    "/health/x",
    "/admin",
    "/..%2f..%2fetc/passwd",
    "/%00",
    "/%ff",
    "/graphql%00",
    "/" + "a" * 5_000,
    "/*",
    "/t_aaaa",
]


def deep(opening: str, closing: str, depth: int, inside: str = "1") -> bytes:
    return (opening * depth + inside + closing * depth).encode()


def fixed() -> list[bytes]:
    """Bodies that crash other servers, and similar ones."""
    bodies = [
        b"",
        b" ",
        b"5",
        b"[5]",
        b"null",
        b'"x"',
        b"true",
        b"[]",
        b"{}",
        b"[[]]",
        b"[{}]",
        b"-",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b"9" * 10_000,
        b"0." + b"9" * 10_000,
        b"1e" + b"9" * 10_000,
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"{",
        b"}",
        b"{}{}",
        b"{}x",
        b'{"query"',
        b'{"query":',
        b'{"query":"',
        b"\xed\xa0\x80",
        b'"\\ud800"',
        b'{"\\ud800":1}',
        b"{'query':'x'}",
        b'{"query":"{__typename}",}',
        b"// x\n{}",
    ]
    bodies += [deep("[", "]", d) for d in (100, 1_000, 1_025, 5_000, 100_000)]
    bodies += [deep('{"a":', "}", d) for d in (100, 1_000, 1_025, 100_000)]
    bodies += [b"[" * 100_000, b'{"query":' * 20_000, b'{"a":[' * 30_000]
    bodies += [json.dumps(VALID[1]).encode(code) for code in ("utf-16", "utf-16-le", "utf-32")]
    bodies += [b"\xef\xbb\xbf" + json.dumps(VALID[0]).encode()]
    values = [
        b"5",
        b"-0.0",
        b"null",
        b"true",
        b"[]",
        b"{}",
        b'""',
        b'"x"',
        b"[5]",
        b'{"a":1}',
        b"NaN",
        b"9" * 10_000,
        b"1." + b"0" * 10_000,
        b'"\\ud800"',
        b'"\\u0000"',
        b'"\xff"',
        b'"' + b"x" * 900_000 + b'"',
        deep("[", "]", 900),
        deep('{"f":', "}", 900),
        deep("[", "]", 100_000),
    ]
    for name in (b"query", b"variables", b"operationName", b"extensions", b"id", b"documentId"):
        for value in values:
            bodies.append(b'{"query":"{__typename}","%b":%b}' % (name, value))
    for value in values:
        template = b'{"query":%b,"variables":{"f":%b,"n":%b}}'
        bodies.append(template % (json.dumps(PAGE).encode(), value, b"1"))
        bodies.append(template % (json.dumps(PAGE).encode(), b"{}", value))
        bodies.append(template % (json.dumps(PAGE).encode(), b'{"name":{"eq":%b}}' % value, b"1"))
        bodies.append(template % (json.dumps(PAGE).encode(), b'{"and":%b}' % value, b"1"))
        bodies.append(template % (json.dumps(PAGE).encode(), b'{"not":%b}' % value, b"1"))
    bodies += [
        b'{"query":"{a}","query":"{__typename}"}',
        b'{"query":5,"query":"{__typename}","variables":5,"variables":null}',
    ]
    return bodies


class Odd:
    """Generates one request after another; equal seeds generate equal requests."""

    def __init__(self, seed: int, token: str) -> None:
        self.random = random.Random(seed)
        self.token = b"Bearer " + token.encode()
        self.ways: list[Callable[[], Sent]] = [
            *[self.mutated_bytes] * 5,
            *[self.mutated_tree] * 4,
            *[self.mutated_query] * 6,
            *[self.generated] * 7,
            self.noise,
            self.mutated_public,
            *[self.in_url] * 3,
        ]

    def request(self) -> Sent:
        """Return one request; some have unusual headers, methods or paths, or no token."""
        sent = self.random.choice(self.ways)()
        if self.random.random() < 0.75 and not any(n == b"authorization" for n, _ in sent.headers):
            sent = sent.with_header(b"authorization", self.token)
        while self.random.random() < 0.12:
            name = self.random.choice(list(HEADERS))
            sent = sent.with_header(name, self.random.choice(HEADERS[name]))
        if self.random.random() < 0.02:
            sent = replace(sent, method=self.random.choice(METHODS))
        if self.random.random() < 0.02:
            sent = replace(sent, path=self.random.choice(PATHS))
        return replace(sent, chunks=self.random.choice((1, 1, 1, 2, 7)))

    # --- strategies ---------------------------------------------------------------------------

    def mutated_bytes(self) -> Sent:
        body = bytearray(self._dump(self.random.choice(VALID)))
        for _ in range(self.random.choice((1, 1, 1, 2, 5, 20))):
            self._damage(body)
        return Sent(bytes(body))

    def mutated_tree(self) -> Sent:
        tree = json.loads(json.dumps(self.random.choice(VALID)))
        for _ in range(self.random.choice((1, 1, 2))):
            tree = self._grafted(tree)
        return Sent(self._dump(tree))

    def mutated_query(self) -> Sent:
        chosen = dict(self.random.choice(VALID))
        parts = chosen["query"].split(" ")
        for _ in range(self.random.choice((1, 1, 2, 4))):
            at = self.random.randrange(len(parts))
            parts[at : at + self.random.choice((0, 1, 1, 2))] = [
                self.random.choice((*TOKENS, *parts, ""))
                for _ in range(self.random.choice((0, 1, 1, 2, 3)))
            ] or [""]
        return Sent(self._dump({**chosen, "query": " ".join(parts)}))

    def generated(self) -> Sent:
        """Return a valid document, with variables of the right form but unusual values."""
        root = GRAPHQL.query_type.fields[self.random.choice(LISTS)]  # type: ignore[union-attr]
        name = next(n for n, f in GRAPHQL.query_type.fields.items() if f is root)  # type: ignore[union-attr]
        kinds = {each: argument.type for each, argument in root.args.items()}
        chosen = {each: self._value(kind, 4) for each, kind in kinds.items() if self._rolls(0.6)}
        if self._rolls(0.9):
            chosen.pop("after", None)
        chosen["first"] = self.random.choice((1, 2, 3, chosen.get("first")))
        declared = ", ".join(f"${each}: {kinds[each]}" for each in chosen)
        passed = ", ".join(f"{each}: ${each}" for each in chosen)
        query = f"query ({declared}) {{ {name}({passed}) {{ totalCount nodes {{ id }} aggregate {{ count }} }} }}"
        return Sent(self._dump({"query": query, "variables": chosen}))

    def noise(self) -> Sent:
        return Sent(self.random.randbytes(self.random.choice((1, 10, 1_000, 50_000))))

    def mutated_public(self) -> Sent:
        """Mutate public operations; valid sign-ins are rare, because they cost a password verification."""
        body = bytearray(self._dump(PUBLIC))
        for _ in range(self.random.choice((3, 10, 30))):
            self._damage(body)
        return Sent(bytes(body), headers=((b"content-type", b"application/json"),))

    def in_url(self) -> Sent:
        chosen = self.random.choice(VALID)
        if self._rolls(0.5):
            grafted = self._grafted(chosen)
            chosen = grafted if isinstance(grafted, dict) else {"query": grafted}
        pairs = {k: v if isinstance(v, str) else json.dumps(v) for k, v in chosen.items()}
        text = "&".join(
            f"{k}={quote(v.encode('utf-8', 'surrogatepass'))}" for k, v in pairs.items()
        )
        query = bytearray(text.encode("utf-8", "surrogatepass"))
        for _ in range(self.random.choice((0, 1, 3))):
            self._damage(query)
        return Sent(b"", "GET", query=bytes(query), headers=())

    # --- helpers ------------------------------------------------------------------------------

    def _rolls(self, chance: float) -> bool:
        return self.random.random() < chance

    def _dump(self, tree: Any) -> bytes:
        ascii = self._rolls(0.5)
        return json.dumps(tree, ensure_ascii=ascii).encode("utf-8", "surrogatepass")

    def _damage(self, body: bytearray) -> None:
        at = self.random.randrange(len(body) + 1)
        to = min(len(body), at + self.random.choice((0, 1, 1, 2, 10, 200)))
        what = self.random.randrange(6)
        if what == 0:
            body[at:to] = self.random.randbytes(to - at)
        elif what == 1:
            del body[at:to]
        elif what == 2:
            body[at:at] = bytes(body[at:to]) * self.random.choice((1, 3, 50))
        elif what == 3:
            body[at:to] = self.random.choice(
                (
                    b"\0",
                    b"\xff",
                    b"\xed\xa0\x80",
                    b"\\ud800",
                    b"\\u0000",
                    b'"',
                    b"\\",
                    b"}",
                    b"]",
                    b"NaN",
                    b"9" * 400,
                    b"%",
                    b"\r\n",
                    b"\xc3",
                )
            )
        elif what == 4:
            other = self._dump(self.random.choice(VALID))
            body[at:] = other[self.random.randrange(len(other)) :]
        elif self._rolls(0.3):
            del body[at:]

    def _grafted(self, tree: Any) -> Any:
        """Return the tree with one part replaced by something unusual."""
        if isinstance(tree, dict) and tree and self._rolls(0.9):
            name = self.random.choice(list(tree))
            new = self.random.choice((name, name, name, name + "x", "", LONE, "__proto__"))
            return {**tree, new: self._grafted(tree[name])}
        if isinstance(tree, list) and tree and self._rolls(0.8):
            at = self.random.randrange(len(tree))
            return [*tree[:at], self._grafted(tree[at]), *tree[at + 1 :]]
        return self._anything()

    def _anything(self, depth: int = 2) -> Any:
        choice = self.random.randrange(8)
        if choice == 0:
            return self.random.choice((None, True, False, [], {}, [None], {"a": None}))
        if choice == 1 and depth:
            count = self.random.choice((1, 1, 1, 3, 3, 251))
            return [self._anything(depth - 1)] * count
        if choice == 2:
            return {"": 1, self.random.choice(TEXTS): self.random.choice(NUMBERS)}
        return self.random.choice((*TEXTS, *NUMBERS))

    def _value(self, kind: Any, depth: int) -> Any:
        """Return a value of an input type, nearly always of the right form."""
        if self._rolls(0.01):
            return self._anything()
        if is_non_null_type(kind):
            return self._value(kind.of_type, depth)
        if self._rolls(0.05):
            return None
        if is_list_type(kind):
            count = self.random.choice((0, 1, 1, 2, 4))
            return [self._value(kind.of_type, depth - 1) for _ in range(count)]
        named = get_named_type(kind)
        if isinstance(named, GraphQLEnumType):
            return self.random.choice(list(named.values))
        if isinstance(named, GraphQLInputObjectType):
            names = list(named.fields)
            count = 1 if named.name.endswith("Order") else self.random.choice((1, 1, 2))
            if depth <= 0:
                count, names = 1, [n for n in names if not _nests(named, n)] or names
                if depth < -3:
                    return {}
            return {
                n: self._value(named.fields[n].type, depth - 1)
                for n in self.random.sample(names, min(count, len(names)))
            }
        if named.name in ("Int", "Float"):
            return self.random.choice(NUMBERS)
        if named.name == "Boolean":
            return self._rolls(0.5)
        return self.random.choice(NEAR.get(named.name, TEXTS) if self._rolls(0.95) else TEXTS)


def _nests(kind: GraphQLInputObjectType, name: str) -> bool:
    below = get_named_type(kind.fields[name].type)
    return isinstance(below, GraphQLInputObjectType) and "and" in below.fields


assert GRAPHQL.query_type is not None
LISTS = [name for name, each in GRAPHQL.query_type.fields.items() if "filter" in each.args]
