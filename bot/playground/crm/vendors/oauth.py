"""A stand-in for how vendors grant access in a browser: the page, and the tokens for its code.

https://developers.hubspot.com/docs/api-reference/2026-03/authentication/manage-oauth-tokens and
https://pipedrive.readme.io/docs/marketplace-oauth-authorization
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response

from bot.playground.crm.vendors.standin import Asked

CLIENT_ID, CLIENT_SECRET = "client-id-of-a-test", "client-secret-of-an-app"

#: This file is no vendor's.
VENDOR = None


@dataclass
class App:
    """An app that somebody has made at the vendor, and who has allowed it."""

    authorize: str
    token: str
    #: Whether the vendor checks who comes back by a proof, and whether the app's secret is in a
    #: header.
    pkce: bool = False
    basic: bool = False
    #: The redirect address that was entered; where none was, any will do.
    redirect: str = ""
    #: What its page answers in the place of a code, if anything.
    denies: str = ""
    #: What the answer with tokens says that the grant holds; `None` says nothing of it.
    scopes: str | None = None
    #: Whether a refresh token is good for one time.
    rotates: bool = True
    lasts: int = 1800
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    refresh_tokens: list[str] = field(default_factory=list)
    access_tokens: list[str] = field(default_factory=list)
    made: int = 0
    #: How often access was renewed.
    renewed: int = 0

    def concerns(self, asked: Asked) -> bool:
        return asked.path in {self.authorize, self.token}

    def lets_in(self, asked: Asked) -> bool:
        return asked.headers.get("authorization", "").removeprefix("Bearer ") in self.access_tokens

    def answer(self, asked: Asked) -> Response:
        if asked.path == self.authorize:
            return self._page(asked.query)
        form = dict(parse_qsl(str(asked.body)))
        if not self._is_known(asked, form):
            return JSONResponse({"error": "invalid_client", "message": "client is invalid"}, 401)
        if form["grant_type"] == "refresh_token":
            return self._renew(form["refresh_token"])
        return self._exchange(form)

    def _page(self, query: Mapping[str, str]) -> Response:
        """Whoever opens it presses Allow, or what it denies."""
        back = query["redirect_uri"]
        if query["client_id"] != CLIENT_ID or (self.redirect and back != self.redirect):
            return Response("This app cannot be installed.", 400)
        if self.denies:
            said = {"error": self.denies, "state": query["state"]}
            return RedirectResponse(f"{back}?{urlencode(said)}", 302)
        self.made += 1
        code = f"code-{self.made}"
        self.codes[code] = dict(query)
        return RedirectResponse(f"{back}?{urlencode({'code': code, 'state': query['state']})}", 302)

    def _is_known(self, asked: Asked, form: Mapping[str, str]) -> bool:
        if self.basic:
            pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
            return asked.headers.get("authorization") == f"Basic {pair}"
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)

    def _exchange(self, form: Mapping[str, str]) -> Response:
        asked = self.codes.pop(form["code"], None)
        if asked is None:
            return JSONResponse({"error": "invalid_grant", "message": "code is invalid"}, 400)
        if form["redirect_uri"] != asked["redirect_uri"]:
            said = {"error": "invalid_request", "message": "redirect_uri is invalid"}
            return JSONResponse(said, 400)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if self.pkce and proof != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant", "message": "wrong proof"}, 400)
        return self._tokens(None)

    def _renew(self, refresh_token: str) -> Response:
        if refresh_token not in self.refresh_tokens:
            said = {"error": "invalid_grant", "message": "refresh token is invalid"}
            return JSONResponse(said, 400)
        self.renewed += 1
        if self.rotates:
            self.refresh_tokens.remove(refresh_token)
        return self._tokens(None if self.rotates else refresh_token)

    def _tokens(self, refresh_token: str | None) -> Response:
        self.made += 1
        if refresh_token is None:
            refresh_token = f"refresh-{self.made}"
            self.refresh_tokens.append(refresh_token)
        # The last one alone is good.
        self.access_tokens[:] = [f"access-{self.made}"]
        told: dict[str, object] = {
            "access_token": f"access-{self.made}",
            "refresh_token": refresh_token,
            "expires_in": self.lasts,
            "token_type": "bearer",
        }
        if self.scopes is not None:
            told["scope"] = self.scopes
        return JSONResponse(told)
