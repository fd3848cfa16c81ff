"""The API reference in docs/api, generated from the schema, the commands and the error codes."""
