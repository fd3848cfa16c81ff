"""The deeds that there are, written down by hand: a new one, or a new input of one, turns the build red."""

from __future__ import annotations

from tests.leaks.expectations import fields

DEEDS = {
    "Employee": "Create Update Delete Restore",
    "User": "Create Update Delete Restore",
    "Role": "Create Update Delete Restore",
    "RoleAssignment": "Create Delete",
    "Profile": "Create Update Delete Restore",
    "RoleProfile": "Create Delete",
    "ProfileEntity": "Create Update Delete",
    "ProfileField": "Create Update Delete",
    "StatusRule": "Create Delete",
    "ShareRule": "Create Delete",
    "Account": "Create Update Upsert Delete Restore",
    "Address": "Create Update Delete Restore",
    "Opportunity": "Create Update Upsert Move Delete Restore",
    "OpportunityShare": "Create Delete",
}
"""What is done to records of a type, one by one and many at once."""

WITH_PARTS = {
    "Account": "Address",
    "Opportunity": "OpportunityShare",
    "User": "RoleAssignment",
    "Role": "RoleProfile ShareRule",
    "Profile": "ProfileEntity ProfileField",
}
"""Types that are created together with parts of them."""

PLAIN = {
    "RecordInput": "id version",
    "AttributeInput": "key text number date boolean",
    "SubjectInput": "id",
    "PasswordChangeInput": "current password",
    "PasswordResetInput": "token password",
    "PasswordPayload": "changed userErrors",
    "SessionRevokePayload": "revoked",
    "UserPasswordResetPayload": "token expiresAt",
}
ARGUMENTS = frozenset({"input", "inputs", "allOrNone"})


def _deeds() -> frozenset[str]:
    names = (
        f"{owner[0].lower()}{owner[1:]}{verb}" for owner in DEEDS for verb in DEEDS[owner].split()
    )
    return frozenset(f"{name}{many}" for name in names for many in ("", "Many"))


OF_SESSIONS = frozenset(
    {
        *("signIn", "refresh", "signOut", "sessionRevoke"),
        *("passwordChange", "passwordReset", "userPasswordReset"),
    }
)
MUTATIONS = _deeds() | OF_SESSIONS


def known(name: str) -> frozenset[str] | None:
    """The fields that are expected of an input or a payload of a deed; None if it is none."""
    if name in PLAIN:
        return frozenset(PLAIN[name].split())
    for owner, verbs in DEEDS.items():
        if name == f"{owner}ManyPayload":
            return frozenset({"results", "userErrors"})
        if name == f"{owner}Payload":
            return frozenset({"id", f"{owner[0].lower()}{owner[1:]}", "userErrors"})
        if name in {f"{owner}{verb}Input" for verb in verbs.split()}:
            return frozenset(fields(owner))
    for owner, parts in WITH_PARTS.items():
        for part in parts.split():
            if name == f"{owner}{part}Input":
                return frozenset(fields(part))
    return None
