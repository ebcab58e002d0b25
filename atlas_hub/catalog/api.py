"""Routes of the catalogue: metrics, entitlements, plans, prices."""

from fastapi import APIRouter

from atlas_hub.catalog import entitlements_api, metrics_api, plans_api, prices_api

router = APIRouter()
for part in (metrics_api, entitlements_api, plans_api, prices_api):
    router.include_router(part.router)
