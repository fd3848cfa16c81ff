"""Row policy of favorites: a viewer sees their own, regardless of profiles."""

from auth.engine.policy import OwnRecords, Policy
from db.labels import Favorite

POLICIES = (Policy(Favorite, rows=(OwnRecords(Favorite.__table__.c.user_id),), restricts=True),)
