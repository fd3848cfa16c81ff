"""What all areas have to say before their records are kept."""

import resolvers.accounts
import resolvers.activities
import resolvers.cases
import resolvers.closing
import resolvers.contracts
import resolvers.copying
import resolvers.labels
import resolvers.people
import resolvers.products
import resolvers.quote_deeds
import resolvers.quotes
import resolvers.sales
import resolvers.setup
import resolvers.staff

__all__ = ["resolvers"]
