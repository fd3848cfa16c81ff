"""Two tenants to try things with: the same ids and names, other values, so that a leak shows."""

from tenancy.demo.seed import ensure_demo, seed

__all__ = ["ensure_demo", "seed"]
