"""Is this process alive, and can it serve?"""

from pydantic import BaseModel

from atlas_hub.db.migrate import current, head
from atlas_hub.hub import Hub
from atlas_hub_core.errors import Unavailable


class Health(BaseModel):
    """What a health route answers; `redis` is `none` where the hub runs without."""

    status: str
    version: str
    redis: str | None = None


async def readiness(hub: Hub, version: str) -> Health:
    """Return what works; raise `Unavailable` if requests cannot be served.

    Redis only wakes workers sooner, so a hub without it is ready.
    """
    await hub.database.check()
    revision = await current(hub.database)
    if revision != head():
        message = (
            f"The database is at revision {revision}, this version needs {head()}. "
            "Run `atlas-hub db upgrade`."
        )
        raise Unavailable(message, code="database_not_migrated")
    return Health(status="ok", version=version, redis=await hub.bell.state())
