"""Checks the tokens of a job as a relying party would: discovery, key set, signature, claims.

Arguments: the issuer, a JSON file {"plain": token, "audience": token}. Prints the claims of the first as JSON.
"""

import json
import sys
import urllib.request

import jwt


def get(url):
    with urllib.request.urlopen(url, timeout=20) as response:
        return json.load(response)


issuer, path = sys.argv[1:]
configuration = get(issuer + "/.well-known/openid-configuration")
assert configuration["issuer"] == issuer, configuration
assert configuration["id_token_signing_alg_values_supported"] == ["RS256"]
keys = jwt.PyJWKClient(configuration["jwks_uri"])


def verify(token, audience):
    key = keys.get_signing_key_from_jwt(token)
    required = ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]
    return jwt.decode(
        token, key.key, algorithms=["RS256"], audience=audience, issuer=issuer, options={"require": required}
    )


with open(path) as file:
    tokens = json.load(file)
claims = verify(tokens["plain"], "https://github.com/octo")
assert verify(tokens["audience"], "sts.example.com/a b")["sub"] == claims["sub"]

head, body, signature = tokens["plain"].split(".")
forged = ".".join([head, body[:-2] + ("AA" if body[-2:] != "AA" else "BB"), signature])
try:
    verify(forged, "https://github.com/octo")
except jwt.InvalidTokenError:
    pass
else:
    raise AssertionError("a forged token was accepted")
print(json.dumps(claims))
