"""What random deeds once broke, in few words."""

from __future__ import annotations

from tests.graph.checks import hold
from tests.graph.place import Place
from tests.graph.steps import Run


async def _holds(place: Place) -> None:
    run = Run(place, *2 * [__import__("collections").Counter()], print)
    await run._look()
    hold(place.facts)


async def test_tl(place: Place) -> None:
    await place.put_back()
    own = place.own
    for w in ("admin", "rep2"):
        person = await own.done("admin", "personCreate", lastName="Ada")
        act = await own.done("admin", "activityCreate", subject="x", person=person)
        acc = await own.done(w, "accountCreate", name="b", affiliations=[{"person": person}])
        row = await own.row("activity", act)
        print(w, row["customer_id"], acc)
        print(await own.row("person", person))
    for w in ("admin", "rep2"):
        person = await own.done("admin", "personCreate", lastName="Ada")
        act = await own.done("admin", "activityCreate", subject="x", person=person)
        acc = await own.done(w, "accountCreate", name="b")
        await own.done(w, "affiliationCreate", person=person, account=acc)
        row = await own.row("activity", act)
        print(w, row["customer_id"], acc)
