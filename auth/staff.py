"""Row policies of employees, users and sessions for viewers with own rows only."""

from auth.engine.policy import Owned, OwnRecords, Policy
from db.staff import Employee, Session, User

POLICIES = (
    # Themselves and all employees below them.
    Policy(Employee, rows=(Owned(Employee.__table__.c.id),)),
    # Their own user and sessions.
    Policy(User, rows=(OwnRecords(User.__table__.c.id),)),
    Policy(Session, rows=(OwnRecords(Session.__table__.c.user_id),)),
)
