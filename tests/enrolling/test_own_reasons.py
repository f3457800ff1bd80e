"""The catalog speaks of the reader: what covers them, and what they still lack, not the whole rule."""

from tests.enrolling.house import House


async def test_why_names_only_the_groups_the_reader_is_in(house: House) -> None:
    sales, support, hidden = (
        await house.group("Sales"),
        await house.group("Support"),
        await house.group("Law"),
    )
    ana = await house.person("ana@people.example")
    await house.join(sales, ana)
    session = await house.session()
    rule = {"blocks": [{"groups": [sales, support]}, {"groups": [hidden]}]}
    await house.apply(session, kind="audience", rule=rule, dynamic=True)
    await house.settled()
    client = await house.client("ana@people.example")
    (item,) = (await client.get("/me/catalog")).json()["items"]
    assert [why["sentence"] for why in item["why"]] == ["People in Sales."]


async def test_almost_says_what_is_lacking(house: House) -> None:
    sales, law = await house.group("Sales"), await house.group("Law")
    ana = await house.person("ana@people.example")
    await house.join(sales, ana)
    safety = await house.activity("Safety 1")
    done = {"type": "path_result", "status": "completed", "paths": [safety]}
    french = {"type": "language", "op": "in", "values": ["fr"]}
    session = await house.session(await house.activity("Safety 2"), catalog="everyone")
    rule = {
        "blocks": [{"groups": [law], "filters": [done, french]}, {"groups": [sales], "filters": [done]}],
    }
    await house.apply(session, kind="audience", rule=rule, dynamic=True)
    await house.settled()
    # Nobody can make themselves a member of Law: what only others can change is no offer.
    for name, beyond in (
        ("By group", {"groups": [law]}),
        ("By language", {"groups": [sales], "filters": [french]}),
    ):
        other = await house.session(await house.activity(name), catalog="everyone")
        await house.apply(other, kind="audience", rule={"blocks": [beyond]}, dynamic=True)
    await house.session(await house.activity("By invitation"), catalog="everyone")
    await house.settled()
    client = await house.client("ana@people.example")
    (item,) = (await client.get("/me/catalog")).json()["items"]
    assert (item["section"], item["missing"]) == ("almost", "People in Sales who have completed Safety 1.")
