"""Routes: events in and out."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import Query, Request, Response
from sqlalchemy import Text, cast, select
from sqlmodel import col

from atlas_hub.http.bodies import Answer, Timestamp, write_timestamp
from atlas_hub.http.paging import Cursor, Limit, Page
from atlas_hub.http.routing import Router, Session, needs
from atlas_hub.usage.batch import read_json, read_lines
from atlas_hub.usage.body import JSON, NDJSON, content_type, read_body
from atlas_hub.usage.customers import customer_refs
from atlas_hub.usage.ingest import Outcome, accept, conflict
from atlas_hub.usage.schema import REQUEST_BODY
from atlas_hub.usage.tables import UsageEvent
from atlas_hub_core.errors import InvalidInput
