"""Row policy of persons for viewers with own rows only: those with a business relation."""

from auth.engine.policy import Policy, Referenced
from db.people import Affiliation, Person

POLICIES = (
    # Persons with a current or former job at an account, which is a business relation (D-08).
    Policy(Person, rows=(Referenced(Affiliation.__table__.c.person_id),)),
)
