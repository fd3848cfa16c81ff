"""Unusual input values: each is stored and returned unchanged, or refused with the name of its field."""

# ruff: noqa: RUF001, E501 - the test data are long lists of unusual characters

from __future__ import annotations

import json
import random
import unicodedata
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from tests.leaks_writes.mutations import create_input, document, rendered
from tests.leaks_writes.sandbox import Sandbox
from tests.support.covers import covers
from tests.support.world import Answer

LONGEST = 10_000
SHORTER = {"name": 255, "externalId": 255}
"""Maximum lengths of fields that are indexed."""
TEXTS = (
    "", " ", "\t", "\r\n", "\u00a0", "a\u0301", "\u00e1", "e\u0301\u0302", "\u200b", "a\u200bb", "\ufeffBOM", "\u202eevil\u202c",
    "\U0001f469\u200d\U0001f467", "\U0010ffff", "\uffff", "\ufdd0", "\x01", "\x1f\x7f\x80\x9f", "\x01\x02[1]\x03", "\\u0000", "\\", '"', "'; --",
    "{{7*7}}", "${x}", "%s%n", "=1+1", "<script>", "null", "NaN", "١٢٣", "ﬁ", "İi", "ß", "\u2028\u2029", "a" * LONGEST,
)  # fmt: skip
"""Texts that are stored unchanged."""
TOO_LONG = ("a" * (LONGEST + 1), "\U0001f305" * (LONGEST + 1))
UNSTORABLE = ("\x00", "a\x00b")
DIGITS = {"EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4, "USD": 2}
NO_DECIMALS: tuple[Any, ...] = (
    "1e308", "1E+2", "1e-5", "NaN", "Infinity", "-Infinity", "1,000", "1.000,00", "1_000", "0x10", "١", " 1", "1 ", "+1", ".5", "5.", "", "-", "--1",
    "9" * 5_000, "0." + "1" * 5_000, 1.5, 3, 0.1, 1e308, True, [], {}, ["1"],
)  # fmt: skip
"""Values that are not a Decimal of the API."""
NO_DATES: tuple[Any, ...] = (
    "0000-01-01", "10000-01-01", "-0001-01-01", "2026-02-30", "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "20260101", "2026-W01-1", "2026-001",
    "2026-01-01T00:00:00Z", "2026-01-01+24:00", "2026-01-01 ", "today", "infinity", "epoch", "", "١٩٩٠-٠١-٠١", 20260101, True, {}, 1e9,
)  # fmt: skip
"""Values that are not a Date."""
DATES = ("0001-01-01", "9999-12-31", "2024-02-29", "1582-10-10", "1900-01-01", "2026-03-29")
NO_INTS: tuple[Any, ...] = (2**31, -(2**31) - 1, 10**30, 1.5, "3", True, [], "")


@pytest.fixture(scope="module")
async def values(sandbox: Sandbox) -> Sandbox:
    await sandbox.reload()
    return sandbox


async def many(
    sandbox: Sandbox, entity: str, inputs: list[dict[str, Any]], inner: str
) -> list[Any]:
    """Create records in lists of 250; return one result for each, with user errors if it was refused."""
    found: list[Any] = []
    for at in range(0, len(inputs), 250):
        body = {"input": inputs[at : at + 250], "all": False}
        answer = await sandbox.world.ask(
            "admin", document(entity, "Create", many=True, inner=inner), body, tenant=sandbox.tenant
        )
        assert answer.status == 200, rendered(answer)
        found += answer.data["result"]["results"]
    return found


def refused_by_name(answer: Answer, field: str) -> None:
    """Assert a BAD_USER_INPUT error whose message contains the field."""
    assert answer.status in {200, 400}, rendered(answer)
    assert answer.codes == ["BAD_USER_INPUT"], rendered(answer)
    assert field in answer.json["errors"][0]["message"], rendered(answer)


TEXT_FIELDS = {
    "Account": ("name", "number", "website", "city", "externalId"),
    "Address": ("street", "houseNumber", "postcode", "city"),
    "Opportunity": ("name", "note", "externalId"),
    "Employee": ("name", "title"),
    "Role": ("name",),
}
NULLABLE = {
    "Account": "name website city externalId",
    "Address": "street houseNumber postcode city",
    "Opportunity": "note externalId",
    "Employee": "title",
    "Role": "",
}


@covers("D-42")
@pytest.mark.parametrize("entity", TEXT_FIELDS)
async def test_texts_are_stored_unchanged(
    values: Sandbox, entity: str, tally: Counter[str]
) -> None:
    """Payload and read return each text as sent; too long and unstorable texts are refused."""
    sandbox = values
    base = {**create_input(sandbox.facts, "admin", entity)}
    for field in TEXT_FIELDS[entity]:
        inputs = [{**base, field: word} for word in TEXTS]
        found = await many(sandbox, entity, inputs, f"id {field}")
        one = entity[0].lower() + entity[1:]
        kept = []
        for word, result in zip(TEXTS, found, strict=True):
            tally["texts"] += 1
            if result["userErrors"] and len(word) > SHORTER.get(field, LONGEST):
                assert result["userErrors"][0]["code"] == "TOO_LONG"
                continue
            if result["userErrors"]:
                assert field not in NULLABLE[entity].split(), (field, result["userErrors"])
                assert not word.strip(), (field, word[:20], result["userErrors"])
                assert result["userErrors"][0]["path"][-1] == field
                continue
            assert result[one][field] == word, (field, word[:20], result[one][field][:20])
            kept.append((result["id"], word))
        for id, word in kept:
            read = await sandbox.ask("admin", f'{{ {one}(id: "{id}") {{ {field} }} }}')
            assert read.data[one][field] == word
        for word in TOO_LONG:
            answer = await sandbox.ask("admin", document(entity, "Create"), {**base, field: word})
            errors = answer.data["result"]["userErrors"]
            assert [(e["code"], e["path"]) for e in errors] == [("TOO_LONG", ["input", field])]
        for word in UNSTORABLE:
            answer = await sandbox.ask("admin", document(entity, "Create"), {**base, field: word})
            assert answer.codes == ["BAD_USER_INPUT"] or answer.data["result"]["userErrors"], (
                rendered(answer)
            )
        await sandbox.restore()


@covers("D-42")
async def test_lone_surrogates_are_refused(values: Sandbox) -> None:
    """Lone surrogates, as variables and as literals, raw and escaped; and NUL in a literal."""
    sandbox = values
    token = f"Bearer {await sandbox.world.token('admin', sandbox.tenant)}"
    bodies = [
        json.dumps(
            {"query": document("Account", "Create"), "variables": {"input": {"name": "\ud800"}}}
        ),
        json.dumps(
            {
                "query": document("Account", "Create"),
                "variables": {"input": {"name": "a\udfff\ud800"}},
            }
        ),
        json.dumps({"query": r'mutation { accountCreate(input: { name: "\ud800" }) { id } }'}),
        json.dumps({"query": r'mutation { accountCreate(input: { name: "\u0000" }) { id } }'}),
        json.dumps(
            {"query": r'mutation { accountUpsert(input: { externalId: "\u0000" }) { id } }'}
        ),
        json.dumps(
            {"query": r'mutation { accountUpsert(input: { externalId: "\ud800" }) { id } }'}
        ),
    ]
    for body in bodies:
        answer = await sandbox.world.post(body.encode(), authorization=token)
        assert answer.status < 500, rendered(answer)
        assert answer.codes, rendered(answer)
    assert await sandbox.changed() == set()


@covers("D-42")
@pytest.mark.parametrize(
    ("entity", "field"),
    [
        ("Account", "name"),
        ("Account", "externalId"),
        ("Opportunity", "name"),
        ("Opportunity", "externalId"),
        ("Opportunity", "note"),
        ("Role", "name"),
        ("Employee", "name"),
    ],
)
async def test_incompressible_text_of_maximum_length(
    values: Sandbox, entity: str, field: str
) -> None:
    """The longest text of characters that do not compress is stored, or refused by its field."""
    rng = random.Random(1)
    word = "".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(LONGEST))
    answer = await values.ask(
        "admin",
        document(entity, "Create", inner=field),
        {**create_input(values.facts, "admin", entity), field: word},
    )
    await values.restore()
    assert answer.status == 200, rendered(answer)
    payload = answer.data["result"]
    if payload["userErrors"]:
        assert payload["userErrors"][0]["path"] == ["input", field]
    else:
        assert payload[entity[0].lower() + entity[1:]][field] == word


@covers("D-17", "D-42")
@pytest.mark.parametrize("count", [250, pytest.param(10_000, marks=pytest.mark.nightly)])
async def test_money_is_exact(values: Sandbox, count: int, tally: Counter[str]) -> None:
    """Stored with all digits, or INVALID at its field if the currency has fewer digits."""
    sandbox, rng = values, random.Random(f"money {count}")
    base = create_input(sandbox.facts, "admin", "Opportunity")
    amounts = []
    for _ in range(count):
        scale = rng.choice((0, 0, 1, 2, 2, 3, 4, 5))
        integer = rng.choice(
            (
                0,
                rng.randint(0, 9),
                rng.randint(0, 10**6),
                rng.randint(0, 10**15),
                10**14 - 1,
                10**14,
            )
        )
        fraction = "." + "".join(rng.choice("0000123456789") for _ in range(scale)) if scale else ""
        amounts.append(
            (
                f"{rng.choice(('', '', '-'))}{integer}{fraction}",
                rng.choice(list(DIGITS)),
                rng.choice(("amount", "margin", "commission")),
            )
        )
    inputs = [{**base, "currency": currency, field: amount} for amount, currency, field in amounts]
    found = await many(
        sandbox,
        "Opportunity",
        inputs,
        "amount { amount currency } margin { amount } commission { amount }",
    )
    for (sent, currency, field), result in zip(amounts, found, strict=True):
        tally["money"] += 1
        number = Decimal(sent)
        fits = number == round(number, DIGITS[currency]) and abs(number) < 10**14
        if fits:
            assert result["userErrors"] == [], (sent, currency, result)
            returned = result["opportunity"][field]["amount"]
            assert Decimal(returned) == number
            assert returned == f"{abs(number) if number == 0 else number:.{DIGITS[currency]}f}", (
                sent,
                currency,
                returned,
            )
        else:
            assert [(e["code"], e["path"][-1]) for e in result["userErrors"]] == [
                ("INVALID", field)
            ], (sent, currency, result)
    stored = await sandbox.fetch(
        "SELECT sum(amount) AS total FROM {s}.opportunity WHERE name = 'Zz' AND currency = 'EUR' AND deleted_at IS NULL"
    )
    total = sum(
        Decimal(sent)
        for (sent, currency, field), r in zip(amounts, found, strict=True)
        if not r["userErrors"] and currency == "EUR" and field == "amount"
    )
    assert (stored[0]["total"] or 0) == total
    await sandbox.restore()


@covers("D-42")
async def test_malformed_scalar_is_refused_by_name(values: Sandbox, tally: Counter[str]) -> None:
    """BAD_USER_INPUT with the name of the field, and nothing is written."""
    sandbox = values
    base = create_input(sandbox.facts, "admin", "Opportunity")
    tried: list[tuple[str, str, Any]] = [("Opportunity", "amount", each) for each in NO_DECIMALS]
    tried += [("Opportunity", "expectedCloseOn", each) for each in NO_DATES]
    tried += [("Opportunity", "probability", each) for each in NO_INTS]
    tried += [("Account", "employeeCount", each) for each in NO_INTS]
    others: dict[str, tuple[Any, ...]] = {
        "keyAccount": ("true", 1, 0, "", []),
        "name": (1, True, 1.5, [], {}, ["a"]),
        "owner": (1.5, True, [], {}, "", "' OR true --", "emp_1", "EMP_" + "0" * 32, "0" * 32),
    }
    tried += [("Account", field, each) for field, several in others.items() for each in several]
    for entity, field, value in tried:
        params = {**base, field: value} if entity == "Opportunity" else {"name": "x", field: value}
        refused_by_name(await sandbox.ask("admin", document(entity, "Create"), params), field)
        tally["malformed values"] += 1
    for probability in (-1, 101, 2**31 - 1, -(2**31)):
        answer = await sandbox.ask(
            "admin", document("Opportunity", "Create"), {**base, "probability": probability}
        )
        assert [(e["code"], e["path"]) for e in answer.data["result"]["userErrors"]] == [
            ("INVALID", ["input", "probability"])
        ]
    for code in ("eur", "EURO", "E", "", "€", "EU\n", "EUR\n", "ＥＵＲ", "E R"):
        answer = await sandbox.ask(
            "admin", document("Opportunity", "Create"), {**base, "currency": code}
        )
        errors = answer.data["result"]["userErrors"]
        assert errors, code
        assert errors[0]["path"] == ["input", "currency"], (code, errors)
    for country in ("nl", "NLD", "N", "", "NL\n", "ＮＬ"):
        answer = await sandbox.ask(
            "admin", document("Account", "Create"), {"name": "x", "country": country}
        )
        errors = answer.data["result"]["userErrors"]
        assert errors, country
        assert errors[0]["path"] == ["input", "country"]
    assert await sandbox.changed() == set()


@covers("D-42")
async def test_dates_are_exact(values: Sandbox) -> None:
    """The first and last day, leap days, and days skipped by the Gregorian calendar reform."""
    base = create_input(values.facts, "admin", "Opportunity")
    inputs = [
        {**base, "expectedCloseOn": day, "attributes": [{"key": "kickoff", "date": day}]}
        for day in DATES
    ]
    inner = 'expectedCloseOn closeQuarter attributes(keys: ["kickoff"]) { date }'
    for day, result in zip(DATES, await many(values, "Opportunity", inputs, inner), strict=True):
        assert result["userErrors"] == []
        assert result["opportunity"]["expectedCloseOn"] == day
        assert result["opportunity"]["attributes"] == [{"date": day}]
    await values.restore()


@covers("D-42")
async def test_attribute_values_follow_their_type(values: Sandbox, tally: Counter[str]) -> None:
    """Custom attributes accept only values of their type and return numbers with all digits."""
    sandbox = values
    base = create_input(sandbox.facts, "admin", "Opportunity")
    inner = "attributes { key text number date boolean }"
    for number in (
        "0",
        "-0",
        "-5",
        "0.1",
        "123456789.1234",
        "99999999999999.9999",
        "1.5000",
        "007",
    ):
        params = {**base, "attributes": [{"key": "seats", "number": number}]}
        payload = (
            await sandbox.ask("admin", document("Opportunity", "Create", inner=inner), params)
        ).data["result"]
        assert payload["userErrors"] == [], (number, payload)
        (found,) = (each for each in payload["opportunity"]["attributes"] if each["key"] == "seats")
        assert Decimal(found["number"]) == Decimal(number)
        assert not found["number"].startswith("-0") or Decimal(number) != 0, found
        tally["attribute values"] += 1
    for number in ("100000000000000", "0.00001"):
        params = {**base, "attributes": [{"key": "seats", "number": number}]}
        errors = (await sandbox.ask("admin", document("Opportunity", "Create"), params)).data[
            "result"
        ]["userErrors"]
        assert [(e["code"], e["path"]) for e in errors] == [
            ("INVALID", ["input", "attributes", "0", "number"])
        ]
    for word in TEXTS:
        params = {**base, "attributes": [{"key": "tier", "text": word}]}
        payload = (
            await sandbox.ask("admin", document("Opportunity", "Create", inner=inner), params)
        ).data["result"]
        (found,) = (each for each in payload["opportunity"]["attributes"] if each["key"] == "tier")
        assert found["text"] == word
    wrong = [
        {"key": "seats", "text": "3"},
        {"key": "tier", "number": "3"},
        {"key": "kickoff", "boolean": True},
        {"key": "strategic", "date": "2026-01-01"},
        {"key": "seats", "number": "1", "text": "1"},
    ]
    for each in wrong:
        errors = (
            await sandbox.ask(
                "admin", document("Opportunity", "Create"), {**base, "attributes": [each]}
            )
        ).data["result"]["userErrors"]
        assert [e["code"] for e in errors] == ["INVALID"], (each, errors)
        assert errors[0]["path"][:3] == ["input", "attributes", "0"]
    await sandbox.restore()


@covers("D-42")
@pytest.mark.parametrize(
    "number",
    [
        "9" * 15,
        "9" * 24,
        "9" * 25,
        "9" * 38,
        f"-{'9' * 38}",
        f"{'9' * 38}.{'9' * 38}",
        f"0.{'0' * 37}1",
        f"1.{'0' * 38}",
    ],
)
@pytest.mark.parametrize("where", ["amount", "attribute"])
async def test_too_many_digits_are_refused(values: Sandbox, number: str, where: str) -> None:
    """Numbers with more digits than are stored are INVALID at their path, at any length."""
    params = (
        {"amount": number}
        if where == "amount"
        else {"attributes": [{"key": "seats", "number": number}]}
    )
    answer = await values.ask(
        "admin",
        document("Opportunity", "Create"),
        {**create_input(values.facts, "admin", "Opportunity"), **params},
    )
    await values.restore()
    assert answer.status == 200, rendered(answer)
    errors = answer.data["result"]["userErrors"]
    if Decimal(number) != 1:
        at = ["input", "amount"] if where == "amount" else ["input", "attributes", "0", "number"]
        assert [(e["code"], e["path"]) for e in errors] == [("INVALID", at)]


@covers("D-33")
async def test_attribute_sent_twice_is_refused(values: Sandbox) -> None:
    """Two values for one attribute give a user error; neither is dropped silently."""
    twice = [{"key": "seats", "number": "1"}, {"key": "seats", "number": "2"}]
    answer = await values.ask(
        "admin",
        document("Opportunity", "Create"),
        {**create_input(values.facts, "admin", "Opportunity"), "attributes": twice},
    )
    await values.restore()
    assert answer.data["result"]["userErrors"], rendered(answer)


@covers("D-38", "D-42")
async def test_pages_over_unusual_names_are_complete(values: Sandbox) -> None:
    """Paging through a list sorted by name returns each unusual name exactly once."""
    sandbox = values
    names = [word[:200] for word in TEXTS if word]
    await many(sandbox, "Role", [{"name": f"~{word}"} for word in names], "id")
    found: list[str] = []
    after, query = (
        None,
        "query ($after: String) { roles(first: 4, after: $after, orderBy: [{ name: ASC }]) { nodes { name } pageInfo { hasNextPage endCursor } } }",
    )
    while True:
        answer = await sandbox.world.ask("admin", query, {"after": after}, tenant=sandbox.tenant)
        page = answer.data["roles"]
        found += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert Counter(name for name in found if name.startswith("~")) == Counter(
        f"~{word}" for word in names
    )
    assert any(unicodedata.normalize("NFC", n) != n for n in found)
    await sandbox.restore()
