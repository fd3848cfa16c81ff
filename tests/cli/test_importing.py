"""An import creates a tenant with the sums of the files, where users see their records; a second import changes nothing."""

from __future__ import annotations

import shutil
from collections import Counter
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tenancy.engine.provision import tenants
from tests.cli.imported import SMALL, Imported, directory, relata, rows, sums
from tests.support.world import World

DIRECTOR = "Sales director"
NUMBERS = count(1)
GROUPS = """{
  stages: opportunitiesAggregate(groupBy: [{ stage: { name: true } }]) {
    groups { key { stage { name } } ...total }
  }
  sellers: opportunitiesAggregate(groupBy: [{ owner: { name: true } }]) {
    groups { key { owner { name } } ...total }
  }
  offices: opportunitiesAggregate(groupBy: [{ owner: { office: true } }]) {
    groups { key { owner { office } } ...total }
  }
  quarters: opportunitiesAggregate(groupBy: [{ closedOn: QUARTER }]) {
    groups { key { closedOn } ...total }
  }
}
fragment total on OpportunityGroup { sum { amount { amount currency } } }"""
COUNTS = """{
  opportunities(first: 1) { totalCount }
  quotes(first: 1) { totalCount }
  contracts(first: 1) { totalCount }
}"""
OWNERS = (
    "{ opportunitiesAggregate(groupBy: [{ owner: { name: true } }]) { groups { count key { owner {"
    " name } } } } }"
)
ONE = """query ($id: String!) {
  opportunities(first: 2, filter: { externalId: { eq: $id } }) {
    nodes {
      name status amount { amount currency } closedOn createdAt locked probability
      account { name } owner { name } type { name } lostReason { name }
      stageHistory(first: 5, orderBy: [{ enteredAt: ASC }]) { nodes { enteredAt leftAt stage { name } } }
      quotes(first: 5) { nodes { active net { amount } items(first: 5) { nodes { quantity product { name } } } } }
      contracts(first: 5) { nodes { startsOn net { amount } kind { name } owner { name } } }
    }
  }
}"""


@pytest.fixture(scope="module", params=["small", "full"])
async def imported(
    scratch_world: World, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Imported:
    """The small directory and, if it is available, the full data set."""
    files, here = directory(request.param), tmp_path_factory.mktemp(request.param)
    words = ("import", "crm-sales-opportunities", str(files), "--tenant", request.param)
    result = await relata(scratch_world, here, *words)
    assert result.exit_code == 0, result.output
    scratch_world.tenants |= {one.slug: one for one, _ in await tenants(scratch_world.admin)}
    return Imported(scratch_world, request.param, files, here, result)


def group_sums(groups: Any, *path: str) -> dict[str | None, Decimal]:
    """Sum of the amounts per group, by the value at `path` of the group key."""
    totals = {}
    for group in groups["groups"]:
        key = group["key"]
        for each in path:
            key = key[each]
        amounts = group["sum"]["amount"]
        assert [each["currency"] for each in amounts] in ([], ["USD"])
        totals[key] = sum((Decimal(each["amount"]) for each in amounts), Decimal())
    return totals


def quarter(day: str) -> str | None:
    """First day of the quarter that contains a date in the format of the files, month/day/year."""
    if not day:
        return None
    month, _, year = map(int, day.split("/"))
    return f"{year}-{(month - 1) // 3 * 3 + 1:02}-01"


async def test_sums_equal_those_of_the_files(imported: Imported) -> None:
    deals = rows(imported.directory, "sales_pipeline")
    office = {
        e["sales_agent"]: e["regional_office"] for e in rows(imported.directory, "sales_teams")
    }
    data = await imported.ask(DIRECTOR, GROUPS)
    assert group_sums(data["stages"], "stage", "name") == sums((e["deal_stage"], e) for e in deals)
    assert group_sums(data["sellers"], "owner", "name") == sums(
        (e["sales_agent"], e) for e in deals
    )
    by_office = sums((office[e["sales_agent"]], e) for e in deals)
    assert group_sums(data["offices"], "owner", "office") == by_office
    by_quarter = sums((quarter(e["close_date"]), e) for e in deals)
    assert group_sums(data["quarters"], "closedOn") == by_quarter


async def test_each_opportunity_has_a_quote_and_each_won_one_a_contract(imported: Imported) -> None:
    deals = rows(imported.directory, "sales_pipeline")
    data = await imported.ask(DIRECTOR, COUNTS)
    won = [each for each in deals if each["deal_stage"] == "Won"]
    counted = {name: each["totalCount"] for name, each in data.items()}
    assert counted == {"opportunities": len(deals), "quotes": len(deals), "contracts": len(won)}
    net = "{ contractsAggregate { groups { sum { net { amount } } } } }"
    [group] = (await imported.ask(DIRECTOR, net))["contractsAggregate"]["groups"]
    assert Decimal(group["sum"]["net"][0]["amount"]) == sum(Decimal(e["close_value"]) for e in won)


async def test_seller_sees_own_records_and_manager_those_of_the_team(imported: Imported) -> None:
    team = rows(imported.directory, "sales_teams")
    deals = Counter(e["sales_agent"] for e in rows(imported.directory, "sales_pipeline"))
    below: dict[str, set[str]] = {}
    for each in team:
        below.setdefault(each["manager"], set()).add(each["sales_agent"])
    managers = sorted(set(below) - {""})
    for name in (*managers, team[0]["sales_agent"], team[-1]["sales_agent"]):
        groups = (await imported.ask(name, OWNERS))["opportunitiesAggregate"]["groups"]
        seen = {group["key"]["owner"]["name"]: group["count"] for group in groups}
        visible = below.get(name, {name})
        assert seen == {each: times for each, times in deals.items() if each in visible}


async def test_imported_user_may_create_records(imported: Imported) -> None:
    """A seller creates and deletes an opportunity, which gets the default opportunity type."""
    name = rows(imported.directory, "sales_teams")[0]["sales_agent"]
    accounts = await imported.ask(
        name, "{ accounts(first: 1) { nodes { id attributes { key } } } }"
    )
    [account] = accounts["accounts"]["nodes"]
    query = """mutation ($input: OpportunityCreateInput!) {
      opportunityCreate(input: $input) {
        opportunity { id type { name } stage { name } owner { name } } userErrors { message }
      }
    }"""
    made = await imported.ask(name, query, input={"name": "New", "account": account["id"]})
    [opportunity] = [made["opportunityCreate"]["opportunity"]]
    assert opportunity["stage"]["name"] == "Prospecting"
    assert opportunity["owner"]["name"] == name
    delete = "mutation ($id: ID!) { opportunityDelete(input: { id: $id }) { userErrors { code } } }"
    assert not (await imported.ask(name, delete, id=opportunity["id"]))["opportunityDelete"][
        "userErrors"
    ]


async def test_password_of_each_user_is_printed_once(imported: Imported) -> None:
    team = rows(imported.directory, "sales_teams")
    names = {e["sales_agent"] for e in team} | {e["manager"] for e in team if e["manager"]}
    assert set(imported.passwords) == names | {"admin", DIRECTOR}
    assert len({password for *_, password in imported.passwords.values()}) == len(names) + 2


async def test_second_import_changes_nothing(imported: Imported) -> None:
    before = await imported.tenant_client().log()
    result = await imported.again()
    assert result.exit_code == 0, result.output
    assert "nothing was changed" in result.stderr
    deals = await imported.tenant_client().value(
        "SELECT count(*) FROM opportunity WHERE external_id <> ''"
    )
    assert f"{deals:,} opportunities exist already" in result.stderr
    assert result.stdout == ""
    assert await imported.tenant_client().log() == before


async def test_log_has_no_gaps_and_history_names_no_user(imported: Imported) -> None:
    [row] = await imported.tenant_client().fetch(
        "SELECT count(DISTINCT position) AS positions, max(position) AS last FROM change_log"
    )
    assert row["positions"] == row["last"] == (await imported.tenant_client().log())[0]
    named = "SELECT count(*) FROM history WHERE user_id IS NOT NULL AND at < '2018-01-01'"
    assert await imported.tenant_client().value(named) == 0


async def test_postgres_statistics_are_fresh_after_an_import(imported: Imported) -> None:
    text = "SELECT reltuples::int FROM pg_class WHERE oid = 'opportunity'::regclass"
    assert await imported.tenant_client().value(text) >= len(
        rows(imported.directory, "sales_pipeline")
    )


async def test_every_row_is_imported_or_reported(imported: Imported) -> None:
    """Each row of the pipeline file is an opportunity or a line of the report with the reason."""
    skipped = {
        line
        for file, line, _, done in imported.findings
        if (file, done) == ("sales_pipeline.csv", "left out")
    }
    with (imported.directory / "sales_pipeline.csv").open() as file:
        lines = len(file.readlines()) - 1
    imported_rows = await imported.tenant_client().value(
        "SELECT count(*) FROM opportunity WHERE external_id <> ''"
    )
    assert imported_rows + len(skipped) == lines


@pytest.fixture
async def small(scratch_world: World, tmp_path: Path) -> Imported:
    """The small directory imported into a new tenant, from a copy that the test may change."""
    files, slug = tmp_path / "files", f"small-{next(NUMBERS)}"
    shutil.copytree(SMALL, files)
    words = ("import", "crm-sales-opportunities", str(files), "--tenant", slug)
    result = await relata(scratch_world, tmp_path, *words)
    assert result.exit_code == 0, result.output
    scratch_world.tenants |= {one.slug: one for one, _ in await tenants(scratch_world.admin)}
    return Imported(scratch_world, slug, files, tmp_path, result)


async def one(imported: Imported, id: str, name: str = DIRECTOR) -> Any:
    """The opportunity with an external ID, as a user sees it."""
    [node] = (await imported.ask(name, ONE, id=id))["opportunities"]["nodes"]
    return node


async def test_sale_has_the_dates_of_the_file(small: Imported) -> None:
    assert await one(small, "A1") == {
        "name": "GTX Pro, Northwind",
        "status": "WON",
        "amount": {"amount": "4514.00", "currency": "USD"},
        "closedOn": "2017-03-01",
        "createdAt": "2016-10-20T12:00:00.000000Z",
        "locked": True,
        "probability": 100,
        "account": {"name": "Northwind"},
        "owner": {"name": "Anna Snelling"},
        "type": {"name": "CRM sales opportunities"},
        "lostReason": None,
        "stageHistory": {
            "nodes": [
                {
                    "enteredAt": "2016-10-20T12:00:00.000000Z",
                    "leftAt": "2017-03-01T12:00:00.000000Z",
                    "stage": {"name": "Engaging"},
                },
                {
                    "enteredAt": "2017-03-01T12:00:00.000000Z",
                    "leftAt": None,
                    "stage": {"name": "Won"},
                },
            ]
        },
        "quotes": {
            "nodes": [
                {
                    "active": True,
                    "net": {"amount": "4514.00"},
                    "items": {"nodes": [{"quantity": "1.0000", "product": {"name": "GTX Pro"}}]},
                }
            ]
        },
        "contracts": {
            "nodes": [
                {
                    "startsOn": "2017-03-01",
                    "net": {"amount": "4514.00"},
                    "kind": {"name": "Delivery"},
                    "owner": {"name": "Anna Snelling"},
                }
            ]
        },
    }


CASES = {
    "A2": ("LOST", "0.00", "55.00", "2017-05-04", "2016-11-02", "Betatech", "Moses Frase"),
    "A3": ("OPEN", None, "55.00", None, "2016-12-01", "(no account named)", "Anna Snelling"),
    "A4": ("OPEN", None, "4821.00", None, "2017-09-09", "Northwind", "Zoë Levy"),
    "A5": ("WON", "53.50", "53.50", "2017-07-09", "2017-01-05", "Seaside", "Zoë Levy"),
    "B4": ("LOST", "0.00", "55.00", "2017-09-09", "2017-09-09", "Seaside", "Carl Lin"),
    "B5": ("WON", "4800.00", "4800.00", "2017-02-02", "2017-02-02", "Seaside", "Carl Lin"),
    "B7": ("OPEN", "60.00", "60.00", None, "2017-02-03", "Northwind", "Moses Frase"),
}
"""Status, amount, quoted amount, closing and creation date, account and seller, by ID in the small directory."""


async def test_dirty_values_are_corrected_by_the_documented_rules(small: Imported) -> None:
    for id, (status, amount, net, closed, created, account, owner) in CASES.items():
        record = await one(small, id)
        assert (record["status"], record["closedOn"]) == (status, closed), id
        assert (record["amount"] or {}).get("amount") == amount, id
        assert record["quotes"]["nodes"][0]["net"]["amount"] == net, id
        assert record["createdAt"][:10] == created, id
        assert (record["account"]["name"], record["owner"]["name"]) == (account, owner), id
    query = """{ accounts(orderBy: [{ name: ASC }]) { nodes {
      name country employeeCount parent { name } industry { name } attributes { key number }
    } } }"""
    nodes = (await small.ask(DIRECTOR, query))["accounts"]["nodes"]
    accounts = {
        node["name"]: (
            node["country"],
            node["employeeCount"],
            (node["parent"] or {}).get("name"),
            (node["industry"] or {}).get("name"),
            {each["key"]: each["number"] for each in node["attributes"]},
        )
        for node in nodes
    }
    established = {"yearEstablished": "1996", "annualRevenue": "1100.04"}
    assert accounts["Northwind"] == ("US", 2822, None, "technology", established)
    assert accounts["Betatech"][:4] == ("KE", 1185, "Northwind", "medical")
    assert accounts["Seaside"] == (
        "PH",
        None,
        None,
        "retail",
        {"yearEstablished": None, "annualRevenue": None},
    )
    assert accounts["Loop One"][:3] == (None, 5, None)
    assert set(accounts) == {"Northwind", "Betatech", "Seaside", "Loop One", "(no account named)"}


async def test_manager_changes_opportunities_of_the_team_only(small: Imported) -> None:
    query = '{ opportunities(filter: { externalId: { eq: "B7" } }) { nodes { id } } }'
    [node] = (await small.ask("Moses Frase", query))["opportunities"]["nodes"]
    note = """mutation ($id: ID!) {
      opportunityUpdate(input: { id: $id, note: "Call them" }) { id userErrors { code } }
    }"""
    for name in ("Moses Frase", "Dustin Brinkmann", DIRECTOR):
        assert (await small.ask(name, note, id=node["id"]))["opportunityUpdate"]["id"]
    for name in ("Summer Sewald", "Anna Snelling"):
        assert (await small.ask(name, query))["opportunities"]["nodes"] == []


async def test_interrupted_import_is_continued(scratch_world: World, tmp_path: Path) -> None:
    """The first import has only the rows up to the end of 2016; the second adds the others and the outcomes."""
    files = tmp_path / "files"
    shutil.copytree(SMALL, files)
    file, slug = files / "sales_pipeline.csv", f"small-{next(NUMBERS)}"
    text = file.read_text()
    begun = [text.splitlines()[n] for n in (0, 1, 3)]
    begun[1] = begun[1].replace("Won,10/20/2016,3/1/2017", "Engaging,10/20/2016,")
    file.write_text("\n".join(begun))
    words = ("import", "crm-sales-opportunities", str(files), "--tenant", slug)
    first = await relata(scratch_world, tmp_path, *words)
    assert "2 opportunities" in first.stderr, first.output
    file.write_text(text)
    second = await relata(scratch_world, tmp_path, *words)
    assert "6 opportunities, 3 sold, 2 lost" in second.stderr, second.output
    scratch_world.tenants |= {one.slug: one for one, _ in await tenants(scratch_world.admin)}
    complete = Imported(scratch_world, slug, files, tmp_path, first)
    assert (await one(complete, "A1"))["contracts"]["nodes"][0]["net"]["amount"] == "4514.00"
    assert "nothing was changed" in (await complete.again()).stderr


async def test_value_that_changed_in_the_file_is_reported_and_not_imported(small: Imported) -> None:
    file = small.directory / "sales_pipeline.csv"
    text = file.read_text().replace("Engaging,12/1/2016,,", "Won,12/1/2016,12/30/2017,52")
    file.write_text(text)
    assert "nothing was changed" in (await small.again()).stderr
    assert (await one(small, "A3"))["status"] == "OPEN"
    what = "close_value, deal_stage: the tenant has other values"
    assert ("sales_pipeline.csv", 4, what, "left as it is there") in small.findings


async def test_value_that_users_changed_is_reported_and_kept(small: Imported) -> None:
    query = '{ opportunities(filter: { externalId: { eq: "B7" } }) { nodes { id } } }'
    [node] = (await small.ask(DIRECTOR, query))["opportunities"]["nodes"]
    change = """mutation ($id: ID!) {
      opportunityUpdate(input: { id: $id, amount: "61" }) { userErrors { message } }
    }"""
    done = await small.ask(DIRECTOR, change, id=node["id"])
    assert done["opportunityUpdate"]["userErrors"] == []
    before = await small.tenant_client().log()
    assert "nothing was changed" in (await small.again()).stderr
    assert await small.tenant_client().log() == before
    assert (await one(small, "B7"))["amount"]["amount"] == "61.00"
    line = (
        "sales_pipeline.csv",
        18,
        "close_value: the tenant has other values",
        "left as it is there",
    )
    assert line in small.findings


async def test_row_that_a_rule_refuses_is_reported_and_the_others_are_imported(
    small: Imported,
) -> None:
    name = "x" * 300
    with (small.directory / "accounts.csv").open("a") as file:
        file.write(f"{name},retail,,,,,\nPart of it,retail,,,,,{name}\n")
    with (small.directory / "sales_pipeline.csv").open("a") as file:
        file.write(f"D1,Carl Lin,MG Special,{name},Engaging,12/24/2017,,\n")
        file.write("D2,Carl Lin,MG Special,Part of it,Engaging,12/24/2017,,\n")
    assert "1 accounts, 1 opportunities" in (await small.again()).stderr
    findings = {(file, line): (what, done) for file, line, what, done in small.findings}
    too_long = "The text has 300 characters; the limit is 255. Shorten it."
    assert findings["accounts.csv", 8] == (too_long, "left out")
    assert findings["accounts.csv", 9] == (f"subsidiary_of {name!r} was left out", "left empty")
    lines = [(line, what) for _, line, what, done in small.findings if done == "left out"]
    assert (19, f"account {name!r} was left out") in lines
    assert (await one(small, "D2"))["account"]["name"] == "Part of it"


async def test_preview_reports_and_writes_no_records(scratch_world: World, tmp_path: Path) -> None:
    words = ("import", "crm-sales-opportunities", str(SMALL), "--tenant", "not-yet", "--preview")
    result = await relata(scratch_world, tmp_path, *words)
    assert result.exit_code == 0, result.output
    assert "5 accounts, 8 opportunities can be imported" in result.stderr
    report = (tmp_path / "data" / "imports" / "not-yet.csv").read_text().splitlines()
    assert "sales_pipeline.csv,2,product is 'GTXPro',taken as 'GTX Pro'" in report
    assert "not-yet" not in [each.slug for each, _ in await tenants(scratch_world.admin)]
    written = [str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*")]  # noqa: ASYNC240
    assert sorted(written) == ["data", "data/imports", "data/imports/not-yet.csv"]


async def test_passwords_are_written_to_a_new_file(scratch_world: World, tmp_path: Path) -> None:
    slug, file = f"small-{next(NUMBERS)}", tmp_path / "passwords"
    words = ("import", "crm-sales-opportunities", str(SMALL), "--tenant", slug)
    result = await relata(
        scratch_world, tmp_path, *words, "--passwords", "passwords", "--report", "report.csv"
    )
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "director@" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "report.csv").exists()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["passwords", "report.csv"]  # noqa: ASYNC240


BROKEN = {
    "missing": ("accounts.csv", None, "accounts.csv is missing: put it into the directory"),
    "column": (
        "products.csv",
        ("sales_price", "price"),
        "products.csv, line 1: there is no column sales_price: the first line must name",
    ),
    "day": (
        "sales_pipeline.csv",
        ("5/4/2017", "2017-05-04"),
        "sales_pipeline.csv, line 3: close_date is '2017-05-04': write a day as month/day/year",
    ),
    "no such day": (
        "sales_pipeline.csv",
        ("5/4/2017", "2/30/2017"),
        "sales_pipeline.csv, line 3: close_date is '2/30/2017': write a day as month/day/year",
    ),
    "number": (
        "accounts.csv",
        ("1185", "many"),
        "accounts.csv, line 3: employees is 'many': write a whole number",
    ),
    "quotes": ("products.csv", ("GTX Pro,", '"GTX Pro,'), "products.csv cannot be read"),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_broken_directory_is_reported_and_imports_nothing(
    scratch_world: World, tmp_path: Path, how: str
) -> None:
    name, change, sentence = BROKEN[how]
    files = tmp_path / "files"
    shutil.copytree(SMALL, files)
    file = files / name
    if change is None:
        file.unlink()
    else:
        text = file.read_text()
        assert change[0] in text
        file.write_text(text.replace(*change))
    result = await relata(
        scratch_world,
        tmp_path,
        "import",
        "crm-sales-opportunities",
        str(files),
        "--tenant",
        "broken",
    )
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert "Nothing was imported." in result.stderr
    assert "broken" not in [each.slug for each, _ in await tenants(scratch_world.admin)]
    assert [each.name for each in sorted(tmp_path.iterdir())] == ["files"]  # noqa: ASYNC240


async def test_unusable_tenant_name_report_path_or_directory_is_described(
    scratch_world: World, tmp_path: Path
) -> None:
    words = ("import", "crm-sales-opportunities", str(SMALL), "--tenant")
    taken = await relata(scratch_world, tmp_path, *words, "acme")
    assert "'acme' contains other records" in taken.stderr
    wrong = await relata(scratch_world, tmp_path, *words, "No Name")
    assert "cannot be a tenant's name" in wrong.stderr
    away = await relata(scratch_world, tmp_path, *words, "away", "--report", "nowhere/report.csv")
    assert "Name another file with --report" in away.stderr
    nowhere = await relata(scratch_world, tmp_path, *words[:2], "nowhere", "--tenant", "away")
    assert f"There is no directory {tmp_path}/nowhere" in nowhere.stderr
    assert [each.exit_code for each in (taken, wrong, away, nowhere)] == [1, 1, 1, 1]
    assert "away" not in [each.slug for each, _ in await tenants(scratch_world.admin)]
