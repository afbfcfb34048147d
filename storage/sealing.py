"""Secrets at rest: encrypted with keys that can be rotated."""

import json
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from coach.errors import CoachError


class SealError(CoachError):
    """A stored secret cannot be read with the present COACH_SECRET_KEYS; put the old key back
    behind the new one, or connect the CRM again.
    """


class Seal:
    """Encrypts with the first key and reads with any; keys are Fernet keys, newest first.

    Raises `SealError` for a key of the wrong form.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise SealError(
                "COACH_SECRET_KEYS must be Fernet keys separated by commas; make one with "
                "`python -c 'from cryptography.fernet import Fernet; "
                "print(Fernet.generate_key().decode())'`."
            ) from error

    def close(self, value: Any) -> str:
        """A JSON value as encrypted text."""
        return self._fernet.encrypt(json.dumps(value).encode()).decode()

    def open(self, text: str) -> Any:
        """The JSON value of an encrypted text."""
        try:
            return json.loads(self._fernet.decrypt(text.encode()))
        except InvalidToken as error:
            raise SealError from error
