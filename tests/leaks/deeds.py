"""The deeds that there are, written down by hand: a new one, or a new input of one, turns the build red."""

from __future__ import annotations

from tests.leaks.expectations import fields

DEEDS = {
    "Stage": "Create Update Delete Restore",
    "OpportunityType": "Create Update Delete Restore",
    "PipelineStage": "Create Update Delete",
    "Attribute": "Create Update Delete Restore",
    "AttributeUse": "Create Delete",
    "Industry": "Create Update Delete Restore",
    "AccountType": "Create Update Delete Restore",
    "PersonType": "Create Update Delete Restore",
    "EmployeeType": "Create Update Delete Restore",
    "LostReason": "Create Update Delete Restore",
    "Feature": "Update",
    "Preferences": "Update",
    "Employee": "Create Update Delete Restore",
    "User": "Create Update Delete Restore",
    "Role": "Create Update Delete Restore",
    "RoleAssignment": "Create Delete",
    "Profile": "Create Update Delete Restore",
    "RoleProfile": "Create Delete",
    "ProfileEntity": "Create Update Delete",
    "ProfileField": "Create Update Delete",
    "StatusRule": "Create Delete",
    "Account": "Create Update Delete Restore Upsert",
    "AccountManager": "Create Delete",
    "AccountLink": "Create Update Delete",
    "Address": "Create Update Delete Restore",
    "Person": "Create Update Delete Restore Upsert",
    "Affiliation": "Create Update Delete Restore",
    "ContractKind": "Create Update Delete Restore",
    "ProductCategory": "Create Update Delete Restore",
    "Unit": "Create Update Delete Restore",
    "Product": "Create Update Delete Restore Upsert Copy",
    "Opportunity": "Create Update Delete Restore Upsert Move Sell Lose Unlock Lock Copy Upsell",
    "BusinessRole": "Create Update Delete",
    "OpportunityAccount": "Create Update Delete",
    "OpportunityShare": "Create Delete",
    "ShareRule": "Create Delete",
    "Quote": "Create Update Delete Restore SetItems Duplicate Activate Deactivate Approve Unapprove",
    "Contract": "Create Update Delete Restore Upsert End Renew Detach",
    "CaseStatus": "Create Update Delete Restore",
    "CaseType": "Create Update Delete Restore",
    "Case": "Create Update Delete Restore Upsert Move Close Reopen",
    "CaseAccount": "Create Update Delete",
    "ActivityCategory": "Create Update Delete Restore",
    "Activity": "Create Update Delete Restore Complete",
    "Tag": "Create Update Delete Restore",
    "Tagging": "Create Delete",
    "Favourite": "Create Delete",
}
"""What is done to records of a type, one by one and many at once."""

WITH_PARTS = {
    "OpportunityType": "PipelineStage",
    "Attribute": "AttributeUse",
    "User": "RoleAssignment",
    "Role": "RoleProfile ShareRule",
    "Profile": "ProfileEntity ProfileField",
    "Account": "AccountLink AccountManager Activity Address Affiliation Favourite OpportunityAccount Tagging",
    "Person": "Activity Affiliation BusinessRole Favourite Tagging",
    "Product": "Tagging",
    "Opportunity": "Activity BusinessRole Favourite OpportunityAccount OpportunityShare Quote Tagging",
    "Quote": "QuoteItem",
    "Contract": "Activity Favourite Tagging",
    "Case": "Activity CaseAccount Favourite Tagging",
}
"""Types that are created together with parts of them."""

BESIDES = {
    "OpportunityMoveInput": "before after",
    "OpportunityLoseInput": "reason note",
    "OpportunityUpsellInput": "contract",
    "PersonAffiliationInput": "newAccount",
}
"""What these inputs take besides fields of their type."""

PLAIN = {
    "RecordInput": "id version",
    "ReplaceInput": "id version replaceWith",
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
    if name == "QuoteSetItemInput":
        return frozenset(fields("QuoteItem"))
    for owner, verbs in DEEDS.items():
        if name == f"{owner}ManyPayload":
            return frozenset({"results", "userErrors"})
        if name == f"{owner}Payload":
            return frozenset({"id", f"{owner[0].lower()}{owner[1:]}", "userErrors"})
        if name in {f"{owner}{verb}Input" for verb in verbs.split()}:
            return frozenset({*fields(owner), *BESIDES.get(name, "").split()})
    for owner, parts in WITH_PARTS.items():
        for part in parts.split():
            if name == f"{owner}{part}Input":
                return frozenset({*fields(part), *BESIDES.get(name, "").split()})
    return None
