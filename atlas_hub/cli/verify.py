"""`atlas-hub verify`: is what is stored what it was made of?"""

import asyncio

import typer

from atlas_hub.access.seal import verify_chain
from atlas_hub.billing.verify import verify_invoices
from atlas_hub.cli.services import Services, load_services
from atlas_hub.db.engine import Database


def verify() -> int:
    """Print what was checked and every difference; return 0 if there is none, else 1."""
    return asyncio.run(_verify(load_services()))


async def _verify(services: Services) -> int:
    database = Database(services.database_url)
    try:
        await database.check()
        async with database.session() as session:
            entries, tampered = await verify_chain(session)
            invoices, wrong = await verify_invoices(session)
    finally:
        await database.close()
    for problem in (*tampered, *wrong):
        typer.secho(problem, fg="red")
    differences = len(tampered) + len(wrong)
    typer.echo(
        f"{invoices} invoices and {entries} audit entries checked, {differences} differences"
    )
    return 1 if differences else 0
