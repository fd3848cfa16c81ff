"""What each persona may write of what stands around accounts and opportunities, by hand: read on from expectations.py."""

from __future__ import annotations

SETUP = (
    *("Stage", "OpportunityType", "PipelineStage", "Attribute", "AttributeUse", "Industry"),
    *("AccountType", "PersonType", "EmployeeType", "LostReason", "Feature", "Preferences"),
    *("ContractKind", "ProductCategory", "Unit", "CaseStatus", "CaseType", "ActivityCategory"),
    "Tag",
)
"""What is settled for everybody."""

FIELDS = """
                                                                        full sales support junior
Stage.name,description,kind,position,needsQuote                         w    r     r       r
OpportunityType.name,defaultCurrency,defaultOwner                       w    r     r       r
PipelineStage.position,probability,description,type,stage               w    r     -       r
Attribute.entity,key,label,kind                                         w    r     -       r
AttributeUse.attribute                                                  w    r     r       r
AttributeUse.accountType,personType,opportunityType,caseType,employeeType w  r     r       r
Industry.name                                                           w    r     r       r
AccountType.name,withName,withLastName,senderEmail,documentDelivery,defaultOwner w r r     r
PersonType.name,kind,defaultOwner                                       w    r     r       r
EmployeeType.name,defaultTitle                                          w    r     r       r
LostReason.name,needsNote                                               w    r     r       r
Feature.enabled                                                         w    r     r       r
Preferences.sellWithoutQuote,proofNeedsQuote,defaultAccountType         w    r     r       r
Preferences.defaultPersonType,defaultLeadType,defaultOpportunityType    w    r     r       r
Preferences.defaultCaseType                                             w    r     r       r
ContractKind.name,timeBased,months,renews                               w    r     r       r
ProductCategory.name,contractKind                                       w    r     r       r
Unit.name                                                               w    r     r       r
CaseStatus.name,state,position                                          w    r     r       r
CaseType.name,billing,contractRequired,defaultPriority,defaultOwner     w    r     r       r
CaseType.hoursProduct,overtimeProduct                                   w    r     r       r
ActivityCategory.name                                                   w    r     r       r
Tag.name,colour                                                         w    r     r       r
AccountManager.account,user                                             w    w     -       -
AccountLink.account,other,note                                          w    w     -       -
Person.gender,firstName,infix,lastName,note,externalId,type,owner       w    w     r       r
Person.email,phone                                                      w    w     -       -
Person.bornOn                                                           w    w     -       r
Person@letters                                                          w    w     -       r
Affiliation.account,person,department,function,role,active,since,until  w    w     r       r
Affiliation.email,phone,secondPhone                                     w    w     r       -
Affiliation.address                                                     w    w     r       r
Product.name,code,description,active,service,currency,taxPercent        w    r     r       r
Product.externalId,category,unit                                        w    r     r       r
Product.price                                                           w    r     -       r
BusinessRole.description,opportunity,person                             w    w     -       -
OpportunityAccount.note,opportunity,account                             w    w     -       -
Quote.opportunity,number,name,currency,brand,productVersion             w    w     -       w
Quote.validFrom,validUntil,itemsShown                                   w    w     -       w
Quote.discountPercent,note                                              w    w     -       -
QuoteItem.kind,name,description,quantity,unitPrice,taxPercent           w    w     -       r
QuoteItem.product,unit                                                  w    w     -       r
QuoteItem.discountPercent                                               w    w     -       -
Contract.name,number,currency,account,kind,startsOn,endsOn,remindOn     w    w     r       r
Contract.renewalMonths,externalId,owner                                 w    w     r       r
Contract.note                                                           w    w     r       -
Case.subject,number,priority,externalId,type,status,owner,contract      w    w     w       r
Case.description                                                        w    w     w       -
Case@channel                                                            w    w     r       -
CaseAccount.case,account,primary                                        w    w     w       r
Activity.subject,plannedAt,doneAt,hours,overtime,category,owner         w    w     w       w
Activity.account,person,opportunity,contract,case                       w    w     w       w
Activity.note                                                           w    w     w       -
Tagging.tag,account,person,product,opportunity,contract,case            w    w     r       -
Favourite.account,person,opportunity,contract,case                      w    w     w       w
"""
"""May be written (w), only read (r), or neither (-); several fields of a kind in one line."""

SCOPES = """
                   full         sales         support     junior
PipelineStage      yes.ALL.ALL  no.-.-        shut        no.-.-
Attribute          yes.ALL.ALL  no.-.-        shut        no.-.-
AccountManager     yes.ALL.ALL  yes.OWN.OWN   shut        shut
AccountLink        yes.ALL.ALL  yes.OWN.OWN   shut        shut
Person             yes.ALL.ALL  yes.OWN.OWN   no.-.-      no.-.-
Affiliation        yes.ALL.ALL  yes.OWN.OWN   no.-.-      no.-.-
Product            yes.ALL.ALL  no.-.-        no.-.-      no.-.-
BusinessRole       yes.ALL.ALL  yes.BELOW.OWN shut        shut
OpportunityAccount yes.ALL.ALL  yes.BELOW.OWN shut        shut
Quote              yes.ALL.ALL  yes.BELOW.OWN shut        yes.OWN.-
QuoteItem          yes.ALL.ALL  yes.BELOW.BELOW shut      no.-.-
Contract           yes.ALL.ALL  no.OWN.-      no.-.-      no.-.-
Case               yes.ALL.ALL  yes.BELOW.OWN yes.ALL.OWN no.-.-
CaseAccount        yes.ALL.ALL  yes.BELOW.OWN yes.ALL.ALL no.-.-
Activity           yes.ALL.ALL  yes.OWN.OWN   yes.OWN.OWN yes.OWN.-
Tagging            yes.ALL.ALL  yes.OWN.OWN   no.-.-      shut
Favourite          yes.ALL.ALL  yes.ALL.ALL   yes.ALL.ALL yes.ALL.ALL
"""
"""Whether records may be created, which may be changed, and which deleted; of the set-up, one line stands for all others."""
SETUP_SCOPE = "yes.ALL.ALL no.-.- no.-.- no.-.-"

VERBS = """
Stage              Create Update Delete Restore
OpportunityType    Create Update Delete Restore
PipelineStage      Create Update Delete
Attribute          Create Update Delete Restore
AttributeUse       Create Delete
Industry           Create Update Delete Restore
AccountType        Create Update Delete Restore
PersonType         Create Update Delete Restore
EmployeeType       Create Update Delete Restore
LostReason         Create Update Delete Restore
Feature            Update
Preferences        Update
ContractKind       Create Update Delete Restore
ProductCategory    Create Update Delete Restore
Unit               Create Update Delete Restore
CaseStatus         Create Update Delete Restore
CaseType           Create Update Delete Restore
ActivityCategory   Create Update Delete Restore
Tag                Create Update Delete Restore
AccountManager     Create Delete
AccountLink        Create Update Delete
Person             Create Update Delete Restore Upsert
Affiliation        Create Update Delete Restore
Product            Create Update Delete Restore Upsert Copy
Opportunity        Sell Lose Unlock Lock Copy Upsell
BusinessRole       Create Update Delete
OpportunityAccount Create Update Delete
Quote              Create Update Delete Restore SetItems Duplicate Activate Deactivate Approve Unapprove
Contract           Create Update Delete Restore Upsert End Renew Detach
Case               Create Update Delete Restore Upsert Move Close Reopen
CaseAccount        Create Update Delete
Activity           Create Update Delete Restore Complete
Tagging            Create Delete
Favourite          Create Delete
"""
"""Every deed with records of these kinds; of opportunities, what is done besides."""

TOUCHES = {
    "Opportunity.Sell": ("stage",),
    "Opportunity.Lose": ("stage",),
    "Opportunity.Unlock": ("stage",),
    "Opportunity.Lock": ("stage",),
    "Contract.End": ("endsOn",),
    "Contract.Renew": ("endsOn",),
    "Case.Close": ("status",),
    "Case.Reopen": ("status",),
    "Activity.Complete": ("doneAt",),
}
"""Fields that a deed sets whether or not its input names them: who may not write those may not do it."""
SAYS = frozenset({"Quote.Activate", "Quote.Deactivate", "Quote.Approve", "Quote.Unapprove"})
"""What says one thing anew that no profile gives anybody to write: to whom the kind is shut, that field is, too."""
COPIES = frozenset({"Opportunity.Copy", "Product.Copy"})
"""What makes a new record of one that is seen: whoever may create such records may do it."""

BESIDES = {
    "OpportunitySellInput": ("closedOn",),
    "OpportunityLoseInput": ("reason", "note", "closedOn"),
    "OpportunityUpsellInput": ("contract",),
    "PersonAffiliationInput": ("newAccount",),
}
"""What these inputs take besides fields of their kind that somebody may be given to write."""

REPLACED = frozenset(SETUP) - {
    "PipelineStage",
    "Attribute",
    "AttributeUse",
    "Feature",
    "Preferences",
}
"""What another record can take the place of when it is deleted."""

NESTED = {
    "OpportunityType.stages": "PipelineStage",
    "Attribute.uses": "AttributeUse",
    "Account.managers": "AccountManager",
    "Account.links": "AccountLink",
    "Account.affiliations": "Affiliation",
    "Account.relatedOpportunities": "OpportunityAccount",
    "Person.affiliations": "Affiliation",
    "Person.businessRoles": "BusinessRole",
    "Opportunity.businessRoles": "BusinessRole",
    "Opportunity.relatedAccounts": "OpportunityAccount",
    "Opportunity.quotes": "Quote",
    "Quote.items": "QuoteItem",
    "Case.accounts": "CaseAccount",
    **{
        f"{kind}.activities": "Activity"
        for kind in ("Account", "Person", "Opportunity", "Contract", "Case")
    },
    **{
        f"{kind}.favourites": "Favourite"
        for kind in ("Account", "Person", "Opportunity", "Contract", "Case")
    },
    **{
        f"{kind}.taggings": "Tagging"
        for kind in ("Account", "Person", "Product", "Opportunity", "Contract", "Case")
    },
}
"""What is created along with something."""
