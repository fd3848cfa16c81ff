"""The page to ask the API in: how it is built from its source, and how it is served. It knows nothing of the house."""
