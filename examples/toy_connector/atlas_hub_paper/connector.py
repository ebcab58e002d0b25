"""The connector: its configuration, and the test of a connection."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from atlas_hub.sdk import Check, ConnectionSettings, Connector, PaymentGateway
from atlas_hub_paper.gateway import PaperGateway


class PaperConfig(BaseModel):
    """Where the files go."""

    model_config = ConfigDict(extra="forbid")

    folder: Path = Field(description="Folder for the invoices; it must exist.")


class PaperSecrets(BaseModel):
    """A folder needs no secrets."""

    model_config = ConfigDict(extra="forbid")


class Paper(Connector):
    """Delivers invoices as files in a folder."""

    slug = "paper"
    config_model = PaperConfig
    secrets_model = PaperSecrets

    async def test(self, connection: ConnectionSettings) -> tuple[Check, ...]:
        """Look whether files can be written to the folder."""
        folder = _folder(connection)
        if os.access(folder, os.W_OK | os.X_OK) and folder.is_dir():
            return (Check("folder", "ok", f"{folder} can be written to."),)
        remedy = "Make the folder, and let the user that runs the hub write to it."
        return (Check("folder", "failed", f"{folder} is no folder to write to.", remedy),)

    def payments(self, connection: ConnectionSettings) -> PaymentGateway:
        """Return a gateway that writes files."""
        return PaperGateway(_folder(connection))


def _folder(connection: ConnectionSettings) -> Path:
    config = connection.config
    if not isinstance(config, PaperConfig):
        raise TypeError(f"Paper takes PaperConfig, not {type(config).__name__}.")
    return config.folder
