"""A small OpenID provider: a process with sockets of its own, and staff who always agree to sign in.

`python -m tests.identity_provider` prints its address. A request to authorize may ask, by `misbehave`, for a token that
is wrong in one way; the rest of it follows OpenID Connect Core and RFC 7636.
"""

import asyncio
import base64
import hashlib
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import jwt
from aiohttp import encode_basic_auth, web
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT_ID, CLIENT_SECRET = "merchant-gateway", "a secret of the bank's"


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(slots=True)
class OpenIdProvider:
    """What it has promised, by code; the newest key signs."""

    issuer: str = ""
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=lambda: {"key-1": _key()})
    promised: dict[str, dict[str, str]] = field(default_factory=dict)

    async def discover(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        )

    async def publish(self, _request: web.Request) -> web.Response:
        keys = [
            {**RSAAlgorithm.to_jwk(one.public_key(), as_dict=True), "kid": kid, "use": "sig", "alg": "RS256"}
            for kid, one in self.keys.items()
        ]
        return web.json_response({"keys": keys})

    async def authorize(self, request: web.Request) -> web.Response:
        code, asked = secrets.token_urlsafe(8), dict(request.query)
        self.promised[code] = asked
        raise web.HTTPFound(f"{asked['redirect_uri']}?code={code}&state={asked['state']}")

    async def exchange(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = self.promised.pop(str(form["code"]), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
        known = request.headers.get("Authorization") == encode_basic_auth(
            quote_plus(CLIENT_ID), quote_plus(CLIENT_SECRET)
        )
        if asked is None or not known or asked["code_challenge"] != challenge.rstrip(b"=").decode():
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response(
            {"id_token": self._token(asked), "access_token": "opaque", "token_type": "Bearer"}
        )

    async def rotate(self, _request: web.Request) -> web.Response:
        self.keys[f"key-{len(self.keys) + 1}"] = _key()
        return web.Response()

    def _token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": asked["client_id"],
            "sub": asked.get("login_hint", "lin.wei"),
            "name": "Lin Wei",
            "groups": asked.get("groups", "reviewer").split(),
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 300,
        }
        kid, key = list(self.keys.items())[-1]
        match asked.get("misbehave"):
            case "nonce":
                claims["nonce"] = "of another sign-in"
            case "audience":
                claims["aud"] = "another client"
            case "two audiences":
                claims["aud"] = [CLIENT_ID, "another client"]
            case "issuer":
                claims["iss"] = "https://evil.example"
            case "expired":
                claims |= {"iat": now - 600, "exp": now - 300}
            case "key":
                key = _key()
            case "none":
                return jwt.encode(claims, "", algorithm="none", headers={"kid": kid})
            case "azp":
                claims["azp"] = "another client"
            case _:
                pass
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/.well-known/openid-configuration", self.discover),
                web.get("/keys", self.publish),
                web.get("/authorize", self.authorize),
                web.post("/token", self.exchange),
                web.post("/rotate", self.rotate),
            ]
        )
        return app


@asynccontextmanager
async def an_identity_provider() -> AsyncIterator[str]:
    """Its address, while its process runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.identity_provider", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def _serve() -> None:
    provider = OpenIdProvider()
    runner = web.AppRunner(provider.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    sys.stdout.write(provider.issuer + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
