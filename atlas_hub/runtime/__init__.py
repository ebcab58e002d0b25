"""The embedded PostgreSQL and Valkey: started, watched, stopped and found again."""

from atlas_hub.runtime.embedded import EmbeddedRuntime
from atlas_hub.runtime.state import RuntimeState, attach

__all__ = ["EmbeddedRuntime", "RuntimeState", "attach"]
