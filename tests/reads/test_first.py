"""The first thin path through the house."""

from tests.support.world import World


async def test_a_seller_reads_his_opportunities(world: World) -> None:
    answer = await world.ask("rep1", "{ opportunities(first: 3) { totalCount nodes { id name } } }")
    assert answer.status == 200
    assert answer.data["opportunities"]["totalCount"] > 3
    assert len(answer.data["opportunities"]["nodes"]) == 3
