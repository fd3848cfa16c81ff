"""What all areas have to say before their records are kept."""

import resolvers.accounts
import resolvers.sales

__all__ = ["resolvers"]
