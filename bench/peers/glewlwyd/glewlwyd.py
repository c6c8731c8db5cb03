"""Glewlwyd as Debian packages it, on a new SQLite file with its own defaults, with one client for measuring.

    glewlwyd.py prepare FOLDER PORT     writes the database and the configuration
    glewlwyd.py configure PORT          adds the OpenID Connect plugin, signing with ES256, and the client
"""

import gzip
import json
import pathlib
import re
import sqlite3
import subprocess
import sys
import urllib.request

DOCS = pathlib.Path("/usr/share/doc/glewlwyd")
CLIENT = "bench"
SECRET = "Zm9yIG1lYXN1cmluZyBvbmx5LCBub3RoaW5nIHNlY3JldA"


def prepare(folder, port):
    schema = gzip.decompress((DOCS / "database/init.sqlite3.sql.gz").read_bytes()).decode()
    database = sqlite3.connect(folder / "glewlwyd.db")
    database.executescript(schema)
    database.close()
    text = gzip.decompress((DOCS / "glewlwyd.conf.sample.gz").read_bytes()).decode()
    for name, value in {
        "port": port,
        "external_url": f'"http://localhost:{port}"',
        "log_mode": '"console"',
        "log_level": '"ERROR"',
        "cookie_secure": 0,
        "  path ": f' "{folder}/glewlwyd.db"',
    }.items():
        text, count = re.subn(rf"^{name}=.*$|^{name}= .*$", f"{name}={value}", text, count=1, flags=re.M)
        if count != 1:
            raise SystemExit(f"the sample configuration has no {name}")
    (folder / "glewlwyd.conf").write_text(text)


class Api:
    def __init__(self, port):
        self.base = f"http://localhost:{port}/api"
        self.cookie = ""

    def post(self, path, body):
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        request.add_header("Cookie", self.cookie)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                self.cookie = (answer.headers.get("Set-Cookie") or self.cookie).split(";")[0]
        except urllib.error.HTTPError as refusal:
            raise SystemExit(f"{path}: {refusal.code} {refusal.read().decode()}") from refusal


def configure(port):
    key = subprocess.run(
        ["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout"],
        check=True, capture_output=True, text=True,
    ).stdout
    public = subprocess.run(
        ["openssl", "ec", "-pubout"], check=True, capture_output=True, text=True, input=key
    ).stdout
    api = Api(port)
    # The account that the packaged schema brings.
    api.post("/auth/", {"username": "admin", "password": "password"})
    api.post("/scope/", {"name": "api.read", "display_name": "API", "password_required": False})
    api.post("/mod/plugin/", {
        "module": "oidc",
        "name": "oidc",
        "display_name": "OpenID Connect",
        "parameters": {
            "iss": f"http://localhost:{port}/api/oidc",
            "jwt-type": "ecdsa",
            "jwt-key-size": "256",
            "key": key,
            "cert": public,
            "access-token-duration": 3600,
            "refresh-token-duration": 1209600,
            "code-duration": 600,
            "refresh-token-rolling": True,
            "allow-non-oidc": True,
            "auth-type-client-enabled": True,
            "introspection-revocation-allowed": True,
            "introspection-revocation-allow-target-client": True,
        },
    })
    api.post("/client/", {
        "client_id": CLIENT,
        "name": CLIENT,
        "confidential": True,
        "enabled": True,
        "password": SECRET,
        "client_secret": SECRET,
        "authorization_type": ["client_credentials"],
        "token_endpoint_auth_method": ["client_secret_post"],
        "redirect_uri": ["https://client.example.com/callback"],
        "scope": ["api.read"],
    })


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["prepare", folder, port]:
            prepare(pathlib.Path(folder), int(port))
        case ["configure", port]:
            configure(int(port))
        case _:
            raise SystemExit(__doc__)
