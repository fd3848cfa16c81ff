"""The same reads as Strawberry's and SQLAlchemy's documentation teach to write them."""
