"""The read cases with Strawberry and SQLAlchemy, written as their documentation recommends."""
