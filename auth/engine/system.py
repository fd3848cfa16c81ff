"""An authorizer that hides nothing, for loading rights: no viewer exists at that time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement

from db.engine.dependencies import Dependencies
from db.engine.entity import Entity
from db.engine.gate import FieldAccess, VisibilityForm
from domain.access import AttributeRights


class SystemAuthorizer:
    """Sees all rows and fields; used to load rights, before there is a viewer."""

    def may_see(self, entity: str) -> bool:
        """Every entity."""
        return True

    def rows(self, entity: Entity, form: VisibilityForm) -> ColumnElement[bool] | None:
        """All rows."""
        return None

    def is_off(self, entity: str) -> bool:
        """No entity."""
        return False

    def right(self, entity: str, name: str) -> FieldAccess:
        """Every field."""
        return FieldAccess.READABLE

    def write_condition(self, entity: Entity, *, deletes: bool) -> bool:
        """No writes."""
        return False

    def type_access(self, entity: Entity) -> Mapping[str, object]:
        """No permissions."""
        return {}

    def writable(self, entity: Entity) -> Iterable[str]:
        """No tables."""
        return ()

    def may_restore(self, entity: str) -> bool:
        """The trash is not visible."""
        return False

    def attribute(self, entity: str, key: str) -> AttributeRights | None:
        """None: rights are not stored in attributes."""
        return None

    def attributes(self, entity: str) -> Iterable[AttributeRights]:
        """None."""
        return ()

    def form(self, entity: str) -> VisibilityForm:
        """All rows have one form."""
        return VisibilityForm.PREDICATE

    def value(self, name: str) -> object:
        """There are no parameters."""
        raise KeyError(name)

    def rights_key(self, depends_on: Dependencies) -> None:
        """There is one shape."""
        return
