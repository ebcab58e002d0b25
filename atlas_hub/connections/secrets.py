"""Secrets at rest: AES-256-GCM, bound to the connection and the name they belong to."""

import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from atlas_hub.connections.tables import ConnectionSecret
from atlas_hub.settings import Settings
from atlas_hub_core.errors import Unavailable

NONCE_BYTES: Final = 12
KEY_FILE: Final = "secret.key"


class SecretBox:
    """Seals and opens connection secrets with one master key."""

    def __init__(self, master_key: str) -> None:
        key = hashlib.sha256(b"atlas-hub connection secrets\x00" + master_key.encode()).digest()
        self.key_id: Final = hashlib.sha256(key).hexdigest()[:12]
        self._cipher: Final = AESGCM(key)

    def seal(self, connection_id: str, name: str, secret: str) -> ConnectionSecret:
        """Return the row that holds `secret`; it opens only in this place."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.encode(), _place(connection_id, name))
        return ConnectionSecret(
            connection_id=connection_id,
            name=name,
            key_id=self.key_id,
            nonce=nonce,
            ciphertext=sealed,
        )

    def open(self, row: ConnectionSecret) -> str:
        """Return the secret in `row`.

        Raises:
            Unavailable: it was sealed with another key, or moved from another place.
        """
        place = _place(row.connection_id, row.name)
        try:
            return self._cipher.decrypt(row.nonce, row.ciphertext, place).decode()
        except InvalidTag:
            message = (
                f"The secret {row.name} of connection {row.connection_id} does not open with the "
                f"present key (sealed with key {row.key_id}, present key {self.key_id}). Set "
                "ATLAS_SECRET_KEY to the key it was sealed with, or enter the secret again."
            )
            raise Unavailable(message, code="secret_unreadable") from None


def _place(connection_id: str, name: str) -> bytes:
    return f"{connection_id}\x00{name}".encode()


@lru_cache(maxsize=8)
def _box(master_key: str) -> SecretBox:
    return SecretBox(master_key)


def secret_box(settings: Settings) -> SecretBox:
    """Return the box of this installation: `ATLAS_SECRET_KEY`, or a key kept in the data folder."""
    if settings.secret_key is not None:
        return _box(settings.secret_key.get_secret_value())
    return _box(_key_in(settings.data_dir))


def _key_in(folder: Path) -> str:
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48), encoding="ascii")
        try:
            os.link(draft, path)  # the first of several processes wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii")
