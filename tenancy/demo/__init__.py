"""Two demonstration tenants with equal ids and names but different values, so that a leak between them is visible."""

from tenancy.demo.seed import ensure_demo, seed

__all__ = ["ensure_demo", "seed"]
