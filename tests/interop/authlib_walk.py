"""The stock client library Authlib, walked through a running `rsp demo`.

    RSP_CREDENTIALS=demo.json tests/interop/.venv/bin/python tests/interop/authlib_walk.py
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6749.errors import MismatchingStateException, MissingCodeException
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidClaimError
from joserfc.jwk import KeySet
from person import Person

INACTIVE = {"active": False}


class Walk:
    """The checks, in order. Every method whose name begins with `check_` is one; its docstring is its name."""

    def __init__(self, demo: dict) -> None:
        self.issuer = demo["issuer"]
        self.clients = {client["name"]: client for client in demo["clients"]}
        self.users = {user["email"].split("@")[0]: user for user in demo["users"]}
        self.alice = Person(self.users["alice"])
        self.server = requests.get(f"{self.issuer}/.well-known/openid-configuration").json()
        self.keys = KeySet.import_key_set(requests.get(self.server["jwks_uri"]).json())
        self.resource = self.clients["demo-api"]["resource"]

    # What the library needs for each step.

    def session(self, name: str, redirect_uri: str | None = None, **settings: str) -> OAuth2Session:
        """The library's session for a client of the demo file."""
        client = self.clients[name]
        return OAuth2Session(
            client["client_id"],
            client.get("client_secret"),
            redirect_uri=redirect_uri or next(iter(client.get("redirect_uris", [])), None),
            scope=settings.pop("scope", "openid email"),
            code_challenge_method="S256",
            token_endpoint=self.server["token_endpoint"],
            **settings,
        )

    def ask(self, session: OAuth2Session, decide: str = "accept", **parameters: str) -> dict[str, str]:
        """Sends Alice to the issuer; returns what `redeem` needs."""
        verifier, nonce = generate_token(48), generate_token()
        url, state = session.create_authorization_url(
            self.server["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **parameters
        )
        callback = self.alice.answer(url, session.redirect_uri, decide)
        return {"callback": callback, "state": state, "verifier": verifier, "nonce": nonce}

    def redeem(self, session: OAuth2Session, asked: dict[str, str], **changed: str) -> dict:
        """Lets the library redeem the code of `asked`."""
        return session.fetch_token(
            authorization_response=asked["callback"],
            code_verifier=changed.get("verifier", asked["verifier"]),
            state=changed.get("state", asked["state"]),
        )

    def sign_in(self, session: OAuth2Session, **parameters: str) -> dict:
        """The whole way to the tokens."""
        return self.redeem(session, self.ask(session, **parameters))

    def id_token(self, session: OAuth2Session, token: dict, nonce: str | None) -> CodeIDToken:
        """Signature against the published keys, then every claim, `at_hash` included, by the library."""
        decoded = jwt.decode(
            token["id_token"], self.keys, algorithms=self.server["id_token_signing_alg_values_supported"]
        )
        options = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": session.client_id},
            "at_hash": {"essential": True},
        }
        expected = {"nonce": nonce, "client_id": session.client_id, "access_token": token["access_token"]}
        claims = CodeIDToken(decoded.claims, decoded.header, options, expected)
        claims.validate(leeway=0)
        return claims

    def introspect(self, session: OAuth2Session, token: str) -> dict:
        return session.introspect_token(self.server["introspection_endpoint"], token=token).json()

    def revoke(self, session: OAuth2Session, token: str) -> None:
        answer = session.revoke_token(self.server["revocation_endpoint"], token=token)
        assert answer.status_code == 200, answer.text

    # The checks.

    def check_code_flow(self) -> None:
        """code flow with PKCE; the ID token holds against the published keys"""
        web = self.session("demo-web")
        asked = self.ask(web)
        assert parse_qs(urlsplit(asked["callback"]).query)["iss"] == [self.issuer]
        token = self.redeem(web, asked)
        claims = self.id_token(web, token, asked["nonce"])
        assert claims["sub"] == self.users["alice"]["sub"]
        assert claims.header["alg"] == "RS256" and claims.header["kid"]
        assert (claims["acr"], claims["amr"]) == ("aal1", ["pwd"])

    def check_at_hash(self) -> None:
        """the ID token belongs to its access token and to no other"""
        web = self.session("demo-web")
        asked = self.ask(web)
        token = self.redeem(web, asked)
        refused(InvalidClaimError, self.id_token, web, {**token, "access_token": "another"}, asked["nonce"])
        refused(InvalidClaimError, self.id_token, web, token, "another nonce")
        head, body, _ = token["id_token"].split(".")
        signature = self.sign_in(web)["id_token"].split(".")[2]
        refused(BadSignatureError, self.id_token, web, {**token, "id_token": f"{head}.{body}.{signature}"}, None)
        self.id_token(web, token, asked["nonce"])

    def check_access_token(self) -> None:
        """the access token is a JWT of RFC 9068, signed with ES256 by a published key"""
        token = self.sign_in(self.session("demo-web"), resource=self.resource)
        decoded = jwt.decode(token["access_token"], self.keys, algorithms=["ES256"])
        assert decoded.header["typ"] == "at+jwt"
        assert {"iss", "sub", "aud", "exp", "iat", "jti", "client_id"} <= set(decoded.claims)
        assert self.resource in decoded.claims["aud"]

    def check_userinfo(self) -> None:
        """userinfo, called with the library's own token handling"""
        web = self.session("demo-web")
        self.sign_in(web)
        info = web.get(self.server["userinfo_endpoint"]).json()
        assert info["sub"] == self.users["alice"]["sub"]
        assert info["email"] == self.users["alice"]["email"]

    def check_public_client(self) -> None:
        """a native client without a secret, on a loopback port of its choice"""
        native = self.session("demo-spa", "http://127.0.0.1:47811/callback")
        asked = self.ask(native)
        claims = self.id_token(native, self.redeem(native, asked), asked["nonce"])
        assert claims["sub"] == self.users["alice"]["sub"]

    def check_state(self) -> None:
        """the library refuses a wrong state and takes the right one"""
        web = self.session("demo-web")
        asked = self.ask(web)
        refused(MismatchingStateException, self.redeem, web, asked, state="planted")
        self.redeem(web, asked)

    def check_denied(self) -> None:
        """a person who says no: access_denied, no code"""
        web = self.session("demo-web")
        asked = self.ask(web, decide="deny", prompt="consent")
        assert parse_qs(urlsplit(asked["callback"]).query)["error"] == ["access_denied"]
        refused((MissingCodeException, OAuthError), self.redeem, web, asked)
        self.sign_in(web, prompt="consent")

    def check_refresh(self) -> None:
        """refresh rotates; a used refresh token is refused and ends the family"""
        web = self.session("demo-web")
        first = dict(self.sign_in(web))
        second = dict(web.refresh_token())
        assert second["refresh_token"] != first["refresh_token"]
        self.id_token(web, second, None)
        assert self.introspect(web, second["access_token"])["active"]
        refused_with("invalid_grant", web.refresh_token, refresh_token=first["refresh_token"])
        refused_with("invalid_grant", web.refresh_token, refresh_token=second["refresh_token"])
        assert self.introspect(web, second["access_token"]) == INACTIVE

    def check_introspection(self) -> None:
        """introspection: own tokens, tokens for one's resource, nothing else"""
        web, api, service = (self.session(name) for name in ("demo-web", "demo-api", "demo-service"))
        token = self.sign_in(web, resource=self.resource)["access_token"]
        for session in (web, api):
            seen = self.introspect(session, token)
            assert seen["active"] and seen["sub"] == self.users["alice"]["sub"], seen
        assert self.introspect(service, token) == INACTIVE
        assert self.introspect(web, "nonsense") == INACTIVE

    def check_revocation(self) -> None:
        """revocation: the refresh token takes its access tokens along; others cannot revoke"""
        web, service = self.session("demo-web"), self.session("demo-service")
        token = dict(self.sign_in(web))
        self.revoke(service, token["refresh_token"])
        assert self.introspect(web, token["access_token"])["active"]
        self.revoke(web, token["refresh_token"])
        assert self.introspect(web, token["access_token"]) == INACTIVE
        refused_with("invalid_grant", web.refresh_token, refresh_token=token["refresh_token"])
        self.revoke(web, "nonsense")

    def check_client_credentials(self) -> None:
        """client credentials, with and without a resource"""
        service = self.session("demo-service", scope=None)
        token = service.fetch_token(grant_type="client_credentials", resource=self.resource)
        decoded = jwt.decode(token["access_token"], self.keys, algorithms=["ES256"])
        assert decoded.claims["sub"] == service.client_id
        assert self.introspect(self.session("demo-api"), token["access_token"])["active"]
        plain = service.fetch_token(grant_type="client_credentials")
        assert "refresh_token" not in plain and "id_token" not in plain
        refused_with("invalid_target", service.fetch_token, grant_type="client_credentials", resource="https://x.example")

    def check_client_proof(self) -> None:
        """a wrong client secret: invalid_client"""
        wrong = OAuth2Session(
            self.clients["demo-web"]["client_id"], "wrong", token_endpoint=self.server["token_endpoint"]
        )
        refused_with("invalid_client", wrong.fetch_token, grant_type="client_credentials")
        self.session("demo-web", scope=None).fetch_token(grant_type="client_credentials")

    def check_verifier(self) -> None:
        """a wrong verifier: invalid_grant, and the right one still works"""
        web = self.session("demo-web")
        asked = self.ask(web)
        refused_with("invalid_grant", self.redeem, web, asked, verifier=generate_token(48))
        self.redeem(web, asked)

    def check_code_reuse(self) -> None:
        """a code used twice: invalid_grant, and its tokens are dead"""
        web = self.session("demo-web")
        asked = self.ask(web)
        token = dict(self.redeem(web, asked))
        assert self.introspect(web, token["access_token"])["active"]
        refused_with("invalid_grant", self.redeem, web, asked)
        assert self.introspect(web, token["access_token"]) == INACTIVE

    def check_no_password_grant(self) -> None:
        """the password grant does not exist"""
        web = self.session("demo-web")
        account = self.users["alice"]
        refused_with(
            "unsupported_grant_type",
            web.fetch_token,
            grant_type="password",
            username=account["email"],
            password=account["password"],
        )

    def check_logout(self) -> None:
        """logout with a hint ends the session and returns to the application"""
        web = self.session("demo-web")
        hint = self.sign_in(web)["id_token"]
        back = self.clients["demo-web"]["post_logout_redirect_uris"][0]
        url = requests.Request(
            "GET",
            self.server["end_session_endpoint"],
            params={"id_token_hint": hint, "post_logout_redirect_uri": back, "state": "s1"},
        ).prepare().url
        assert parse_qs(urlsplit(self.alice.answer(url, back)).query)["state"] == ["s1"]
        asked = self.ask(web, prompt="none")
        assert parse_qs(urlsplit(asked["callback"]).query)["error"] == ["login_required"]
        self.sign_in(web)


def refused(kind: type | tuple, call: Callable, *args: object, **kwargs: object) -> Exception:
    """Asserts that a call is refused with this kind of error."""
    try:
        call(*args, **kwargs)
    except kind as error:
        return error
    raise AssertionError("was not refused")


def refused_with(code: str, call: Callable, *args: object, **kwargs: object) -> None:
    """Asserts that the server refuses with this OAuth error code."""
    error = refused(OAuthError, call, *args, **kwargs)
    assert error.error == code, error


def main() -> int:
    """Runs every check; prints one line for each."""
    with open(os.environ["RSP_CREDENTIALS"], encoding="utf-8") as file:
        walk = Walk(json.load(file))
    failed = passed = 0
    for name in vars(Walk):
        if not name.startswith("check_"):
            continue
        check = getattr(walk, name)
        try:
            check()
        except Exception as error:  # whatever went wrong is this check's result, and the next one runs
            failed += 1
            place = traceback.extract_tb(error.__traceback__)[-1]
            print(f"FAIL {check.__doc__}\n     {type(error).__name__}: {error} | {place.filename}:{place.lineno} {place.line}")
        else:
            passed += 1
            print(f"ok   {check.__doc__}")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
