# SPDX-License-Identifier: Apache-2.0
"""The camera's side of Basic and Digest (RFC 2617, RFC 7616), strict: what a request says is computed anew.

A plan's "auth" has user, password, challenges (templates of WWW-Authenticate values, {nonce} in them; one header each),
perhaps "methods" (which are guarded; all but OPTIONS by default), "uri" ("request": the digest's uri must be the
request's target letter by letter; "any": it is taken as it is), "nonce_uses" (the nonce changes after so many requests,
and the challenge says stale), "one_header" (all challenges in one header), "forbidden" (403 to everybody).
"""

import base64
import hashlib
import re

_PAIR = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
_HASHES = {"MD5": hashlib.md5, "MD5-SESS": hashlib.md5, "SHA-256": hashlib.sha256, "SHA-256-SESS": hashlib.sha256}


class Guard:
    """The authentication of one camera."""

    def __init__(self, settings):
        self.settings = settings or {}
        self._nonce, self._uses = 1, 0
        self.failures = 0      # requests with credentials that were wrong
        self.accepted = 0
        self.schemes = set()   # what was used: "Basic", "Digest MD5", …

    @property
    def nonce(self):
        """The nonce of now."""
        return f"n{self._nonce:04d}abcdef0123456789"

    def check(self, method, target, authorization):
        """None when the request may pass, otherwise (status, WWW-Authenticate values)."""
        if not self.settings or method not in self.settings.get("methods", [method] if method != "OPTIONS" else []):
            return None
        if self.settings.get("forbidden"):
            return 403, []
        if not authorization:
            return 401, self._challenges(False)
        verdict = self._verify(method, target, authorization)
        if verdict == "good":
            self.accepted += 1
            return None
        self.failures += verdict == "bad"
        return 401, self._challenges(verdict == "stale")

    def _challenges(self, stale):
        values = [text.replace("{nonce}", self.nonce).replace("{stale}", str(stale).upper())
                  for text in self.settings["challenges"]]
        return [", ".join(values)] if self.settings.get("one_header") else values

    def _verify(self, method, target, authorization):
        scheme, _, rest = authorization.partition(" ")
        offered = {text.split(" ")[0].lower() for text in self.settings["challenges"]}
        if scheme.lower() not in offered:
            return "bad"
        if scheme.lower() == "basic":
            wanted = f"{self.settings['user']}:{self.settings['password']}"
            self.schemes.add("Basic")
            return "good" if base64.b64decode(rest).decode() == wanted else "bad"
        return self._verify_digest(method, target, rest)

    def _verify_digest(self, method, target, rest):
        pairs = {key.lower(): quoted or bare for key, quoted, bare in _PAIR.findall(rest)}
        algorithm = pairs.get("algorithm", "MD5").upper()
        offered = {m.upper() for text in self.settings["challenges"] if text.lower().startswith("digest")
                   for m in re.findall(r'algorithm="?([\w-]+)', text) or ["MD5"]}
        if algorithm not in offered or pairs.get("username") != self.settings["user"]:
            return "bad"
        if self.settings.get("uri", "request") == "request" and pairs.get("uri") != target:
            return "bad"
        if self._digest(method, pairs, _HASHES[algorithm], algorithm.endswith("-SESS")) != pairs.get("response"):
            return "bad"
        self.schemes.add("Digest " + algorithm)
        return self._use(pairs.get("nonce"))

    def _use(self, nonce):
        if nonce != self.nonce:
            return "stale"
        self._uses += 1
        if self._uses >= self.settings.get("nonce_uses", 1 << 30):
            self._uses, self._nonce = 0, self._nonce + 1
        return "good"

    def _digest(self, method, pairs, maker, session):
        def of(*parts):
            return maker(":".join(parts).encode()).hexdigest()
        first = of(self.settings["user"], pairs.get("realm", ""), self.settings["password"])
        if session:
            first = of(first, pairs["nonce"], pairs["cnonce"])
        second = of(method, pairs.get("uri", ""))
        if "qop" in pairs:
            return of(first, pairs["nonce"], pairs["nc"], pairs["cnonce"], pairs["qop"], second)
        return of(first, pairs["nonce"], second)
