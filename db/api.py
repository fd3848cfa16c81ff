"""All tables of a tenant in one model."""

import db.accounts
import db.engine.head
import db.sales
import db.setup
import db.staff
from db.engine.base import Base, Record
from db.engine.model import Model

METADATA = Base.metadata
MODEL = Model(
    mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Record)
)
