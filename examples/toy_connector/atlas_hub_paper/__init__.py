"""Invoices as files in a folder."""

from atlas_hub.sdk import Connector, hookimpl


@hookimpl
def atlas_connectors() -> list[type[Connector]]:
    """Return the one connector."""
    from atlas_hub_paper.connector import Paper

    return [Paper]
