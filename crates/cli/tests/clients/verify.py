"""Checks a job's identity tokens as a relying party would: discovery, key set, signature, claims."""

import json
import os
import sys
import urllib.request

import jwt


def get(url):
    with urllib.request.urlopen(url, timeout=20) as response:
        return json.load(response)


with open(sys.argv[1]) as file:
    tokens = json.load(file)
issuer = jwt.decode(tokens["plain"], options={"verify_signature": False})["iss"]
assert os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"].startswith(issuer), issuer
configuration = get(issuer + "/.well-known/openid-configuration")
assert configuration["issuer"] == issuer, configuration
keys = jwt.PyJWKClient(configuration["jwks_uri"])


def verify(token, audience):
    key = keys.get_signing_key_from_jwt(token)
    return jwt.decode(token, key.key, algorithms=["RS256"], audience=audience, issuer=issuer)


owner = os.environ["GITHUB_SERVER_URL"] + "/" + os.environ["GITHUB_REPOSITORY_OWNER"]
claims = verify(tokens["plain"], owner)
assert verify(tokens["audience"], "sts.example.com/a b")["sub"] == claims["sub"]
for claim, variable in [
    ("repository", "GITHUB_REPOSITORY"),
    ("ref", "GITHUB_REF"),
    ("sha", "GITHUB_SHA"),
    ("run_id", "GITHUB_RUN_ID"),
    ("run_attempt", "GITHUB_RUN_ATTEMPT"),
    ("event_name", "GITHUB_EVENT_NAME"),
    ("actor", "GITHUB_ACTOR"),
    ("workflow", "GITHUB_WORKFLOW"),
]:
    assert claims[claim] == os.environ[variable], (claim, claims[claim], os.environ[variable])
assert claims["sub"] == "repo:" + os.environ["GITHUB_REPOSITORY"] + ":ref:" + os.environ["GITHUB_REF"], claims["sub"]
print("verified the identity of", claims["event_name"])
