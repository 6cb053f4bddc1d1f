"""checks documents by the schemas of the standard"""
# needs: jsonschema

import jsonschema

jsonschema.Draft202012Validator.check_schema({"type": "object"})
try:
    jsonschema.validate({"tea": 1}, {"properties": {"tea": {"type": "string"}}})
except jsonschema.ValidationError as error:
    assert list(error.path) == ["tea"]
else:
    raise AssertionError
