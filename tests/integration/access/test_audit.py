"""The audit log: every change in its own transaction, sealed into a chain that shows tampering."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from atlas_hub.access.seal import seal, verify_chain


async def seal_all(hub) -> int:
    async with hub.database.transaction() as session:
        return await seal(session)


async def problems(hub) -> list[str]:
    async with hub.database.session() as session:
        return list((await verify_chain(session))[1])


async def add_customers(api, count: int) -> None:
    for number in range(count):
        body = {"name": f"n{number}", "email": "a@b.example"}
        assert (await api.post("/v1/customers", json=body)).status_code == 201


async def test_a_change_and_its_audit_row_stand_or_fall_together(api, hub) -> None:
    body = {"name": "Acme", "email": "a@b.example", "external_id": "acme"}
    made = (await api.post("/v1/customers", json=body)).json()
    assert (await api.post("/v1/customers", json=body)).status_code == 409
    entries = (await api.get("/v1/audit?resource=customer")).json()["data"]
    assert [(each["action"], each["resource_id"]) for each in entries] == [("create", made["id"])]


async def test_fifty_writers_make_one_chain(api, hub) -> None:
    await asyncio.gather(*(add_customers(api, 1) for _ in range(50)))
    await asyncio.gather(*(seal_all(hub) for _ in range(5)))
    async with hub.database.session() as session:
        entries, found = await verify_chain(session)
    assert (entries, found) == (51, [])  # and the bootstrap key


async def test_an_entry_of_a_running_transaction_is_not_overtaken(api, hub) -> None:
    async with hub.database.session() as slow:
        await slow.execute(
            text(
                "insert into audit_entry (actor, action, resource, resource_id) "
                "values ('a', 'b', 'c', 'slow')"
            )
        )
        await add_customers(api, 1)
        await seal_all(hub)
        await slow.commit()
    await seal_all(hub)
    assert await problems(hub) == []


@pytest.mark.parametrize(
    "tampering",
    [
        "update audit_entry set actor = 'x' where chain_position = 2",
        "update audit_entry set changes = '{}' where chain_position = 3",
        "delete from audit_entry where chain_position = 2",
    ],
)
async def test_tampering_shows_and_the_database_refuses_it(api, hub, tampering: str) -> None:
    await add_customers(api, 3)
    await seal_all(hub)
    with pytest.raises(DBAPIError, match="cannot change"):
        async with hub.database.transaction() as session:
            await session.execute(text(tampering))
    async with hub.database.transaction() as session:
        await session.execute(text("alter table audit_entry disable trigger user"))
        await session.execute(text(tampering))
    assert await problems(hub)
