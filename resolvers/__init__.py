"""Command handlers and hooks of the areas. They depend neither on GraphQL nor on SQL."""
