# SPDX-License-Identifier: Apache-2.0
"""An OpenAPI 3.1 document, and values held against its schemas.

Stricter than JSON Schema: a member that the schema does not name is a mistake, 1.0 is no integer, and a keyword that
is not understood here is an error of the document, so that nothing in it goes unchecked.
"""

import json
import re

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_KEYWORDS = {"$ref", "type", "description", "const", "enum", "pattern", "minLength", "minimum", "maximum", "required",
             "properties", "items", "maxItems", "anyOf", "oneOf"}
_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
          "null": type(None)}


class BadDocument(Exception):
    """The document itself is wrong."""


def _is(value, name):
    """True when the value has the JSON type; true and false are no numbers."""
    if name not in _TYPES:
        raise BadDocument(f"unknown type {name!r}")
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


class Document:
    """One document. `seen` grows by the members that correct values had, as pointers into the document."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.root = json.load(file, object_pairs_hook=self._no_twins)
        self.seen = set()

    @staticmethod
    def _no_twins(pairs):
        members = dict(pairs)
        if len(members) != len(pairs):
            raise BadDocument(f"a member is there twice: {[key for key, _ in pairs]}")
        return members

    # The document.

    def at(self, reference):
        """What a reference points to."""
        node = self.root
        if not reference.startswith("#/"):
            raise BadDocument(f"reference leaves the document: {reference}")
        for part in reference[2:].split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, dict) or part not in node:
                raise BadDocument(f"nothing at {reference}")
            node = node[part]
        return node

    def resolved(self, node):
        """The node, or what it refers to."""
        return self.at(node["$ref"]) if "$ref" in node else node

    def operations(self):
        """{(method, path): operation}, methods in capitals."""
        return {(method.upper(), path): item[method] for path, item in self.root["paths"].items()
                for method in METHODS if method in item}

    def parameters(self, operation, place):
        """{name: parameter} of an operation, of those in the query, the path or the header."""
        found = [self.resolved(parameter) for parameter in operation.get("parameters", [])]
        return {parameter["name"]: parameter for parameter in found if parameter["in"] == place}

    def response(self, operation, status):
        """What the operation says of a status, or of all that it does not list."""
        responses = operation["responses"]
        return self.resolved(responses.get(str(status)) or responses["default"])

    def references(self):
        """All references in the document."""
        return {value for node in self._nodes(self.root) for key, value in node.items() if key == "$ref"}

    def _nodes(self, node):
        if isinstance(node, dict):
            yield node
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from self._nodes(child)

    def members(self):
        """{pointer: schema} of all members of the named schemas."""
        return {f"#/components/schemas/{name}/properties/{member}": inner
                for name, schema in self.root["components"]["schemas"].items()
                for member, inner in schema.get("properties", {}).items()}

    # Values.

    def problems(self, value, schema):
        """What is wrong with a value, as sentences; notes the members of one that is right."""
        found, seen = self._judge(value, schema, "", "value")
        if not found:
            self.seen |= seen
        return found

    def _judge(self, value, schema, pointer, where):
        """(problems, pointers of the members that were there)."""
        unknown = set(schema) - _KEYWORDS
        if unknown:
            raise BadDocument(f"{pointer}: keywords that are not understood: {sorted(unknown)}")
        found, seen = self._judge_itself(value, schema, where), set()
        inner = []
        if "$ref" in schema:
            inner.append(self._judge(value, self.at(schema["$ref"]), schema["$ref"], where))
        for word in ("anyOf", "oneOf"):
            if word in schema:
                inner.append(self._judge_choice(value, schema, word, where))
        if "properties" in schema and isinstance(value, dict):
            inner.append(self._judge_members(value, schema, pointer, where))
        if "items" in schema and isinstance(value, list):
            inner += [self._judge(item, schema["items"], pointer + "/items", f"{where}[{i}]")
                      for i, item in enumerate(value)]
        for problems, members in inner:
            found, seen = found + problems, seen | members
        return found, seen

    @staticmethod
    def _judge_itself(value, schema, where):
        """Type and limits of the value, without what is in it."""
        found = []
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(_is(value, name) for name in types):
            return [f"{where}: {value!r} is not of type {' or '.join(types)}"]
        if "const" in schema and value != schema["const"]:
            found.append(f"{where}: {value!r} is not {schema['const']!r}")
        if "enum" in schema and value not in schema["enum"]:
            found.append(f"{where}: {value!r} is none of {schema['enum']}")
        if isinstance(value, str):
            if not re.search(schema.get("pattern", ""), value):
                found.append(f"{where}: {value!r} does not match {schema['pattern']}")
            if len(value) < schema.get("minLength", 0):
                found.append(f"{where}: {value!r} is too short")
        if _is(value, "number"):
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                found.append(f"{where}: {value!r} is out of range")
        if isinstance(value, list) and len(value) > schema.get("maxItems", len(value)):
            found.append(f"{where}: {len(value)} items are too many")
        return found

    def _judge_choice(self, value, schema, word, where):
        judged = [self._judge(value, choice, "", where) for choice in schema[word]]
        right = [seen for found, seen in judged if not found]
        if not right or (word == "oneOf" and len(right) > 1):
            return [f"{where}: {len(right)} choices fit {value!r}: {[found for found, _ in judged]}"], set()
        return [], set().union(*right)

    def _judge_members(self, value, schema, pointer, where):
        known, found, seen = schema["properties"], [], set()
        found += [f"{where}: member {name} is missing" for name in schema.get("required", []) if name not in value]
        found += [f"{where}: member {name} is unknown" for name in value if name not in known]
        for name, member in value.items():
            if name not in known:
                continue
            at = f"{pointer}/properties/{name}"
            problems, deeper = self._judge(member, known[name], at, f"{where}.{name}")
            found, seen = found + problems, seen | deeper | {at}
        return found, seen
