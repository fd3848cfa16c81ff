"""Registers trusted documents of tenants."""

from __future__ import annotations

from collections.abc import Mapping

from db.documents import replace
from db.engine.transaction import Driver
from tenancy.engine.provision import TIMEOUTS, Tenant


async def set_documents(
    admin: Driver, one: Tenant, documents: Mapping[str, str], *, only: bool
) -> None:
    """Replace the trusted documents of a tenant. `only`: it accepts no other document.

    Running servers use them within 30 seconds.
    """
    async with admin.transaction():
        await admin.execute(
            f"{TIMEOUTS} SET LOCAL ROLE relata_ddl; SET LOCAL search_path = {one.placement.schema}, pg_temp"
        )
        await replace(admin, documents)
        await admin.execute("RESET ROLE; SET LOCAL search_path = ''")
        await admin.execute(
            "UPDATE catalog.tenant SET trusted_documents_only = $1 WHERE id = $2", only, one.id
        )
