"""Access tokens of the local workspace and their users."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError


def new_token() -> str:
    """Return a new random access token."""
    return f"local-{secrets.token_urlsafe(32)}"


class AccessTokens:
    """The access tokens that a workspace accepts.

    Parameters
    ----------
    users : mapping of str to str
        Tokens and their users. The first user is the administrator.

    Attributes
    ----------
    admin_token, admin : str
        The first token and its user.
    """

    def __init__(self, users: Mapping[str, str]):
        self._users = dict(users)
        self.admin_token, self.admin = next(iter(self._users.items()))

    def token_for(self, user: str) -> str:
        """Return the token of a user. A new user gets a new token."""
        for token, known in self._users.items():
            if known == user:
                return token
        token = new_token()
        self._users[token] = user
        return token

    def authenticate(self, authorization: str) -> str:
        """Return the user of an ``Authorization`` header.

        Parameters
        ----------
        authorization : str
            The header's value: ``Bearer <token>``.

        Raises
        ------
        ApiError
            ``UNAUTHENTICATED`` if the header has no token of this workspace.

        Examples
        --------
        >>> AccessTokens({"secret": "ana@example.com"}).authenticate("Bearer secret")
        'ana@example.com'
        """
        scheme, _, given = authorization.partition(" ")
        user = None
        for token, known in list(self._users.items()):
            # Compares all tokens in constant time: the duration reveals nothing about a token
            if secrets.compare_digest(token.encode(), given.strip().encode()):
                user = known
        if scheme.lower() != "bearer" or user is None:
            raise ApiError(
                conditions.UNAUTHENTICATED,
                "Invalid access token. The local workspace wants the DATABRICKS_TOKEN of the session "
                "that started it: Authorization: Bearer <token>.",
            )
        return user
