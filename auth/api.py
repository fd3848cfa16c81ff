"""All policies of the house."""

import auth.accounts
import auth.history
import auth.sales
import auth.setup
import auth.staff

__all__ = ["auth"]
