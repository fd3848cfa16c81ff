"""All policies of the house."""

import auth.accounts
import auth.cases
import auth.contracts
import auth.history
import auth.labels
import auth.people
import auth.sales
import auth.setup
import auth.staff

__all__ = ["auth"]
