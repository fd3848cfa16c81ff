"""Numbers that other systems must understand (telephone, e-mail, VAT, registers of companies), each in one spelling."""

import re
from collections.abc import Callable, Mapping

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumberFormat
from stdnum.at import businessid
from stdnum.be import vat as be_vat
from stdnum.ch import uid
from stdnum.ch import vat as ch_vat
from stdnum.dk import cvr
from stdnum.ee import registrikood
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.fi import ytunnus
from stdnum.fr import siren, siret
from stdnum.gb import vat as gb_vat
from stdnum.no import mva
from stdnum.no import orgnr as no_orgnr
from stdnum.se import orgnr as se_orgnr

from domain.codes import UserErrorCode
from domain.violations import Violation

Check = Callable[[str], str]
"""Returns the one spelling of a number, or raises ValidationError."""
ABROAD = "+31 20 123 4567"
BETWEEN = re.compile(r"[\s./-]+")
EU = frozenset({state.upper() for state in eu_vat.MEMBER_STATES} | {"EL", "GR"})
VAT: Mapping[str, Check] = {
    "CH": ch_vat.validate,
    "GB": lambda text: f"GB{gb_vat.validate(text)}",
    "NO": lambda text: f"NO{mva.validate(text)}",
}
"""Outside of the European Union, by the letters that such a number begins with."""
REGISTERS: Mapping[str, tuple[Check, ...]] = {
    "AT": (businessid.validate,),
    "BE": (be_vat.validate,),
    "CH": (uid.validate,),
    "DK": (cvr.validate,),
    "EE": (registrikood.validate,),
    "FI": (ytunnus.validate,),
    "FR": (siren.validate, siret.validate),
    "NO": (no_orgnr.validate,),
    "SE": (se_orgnr.validate,),
}
"""Countries whose registers give numbers that can be checked; those of others are kept as they are given."""


def phone(text: str, country: str | None) -> str | Violation | None:
    """A telephone number as E.164: dialled within the country, if that is known, or from abroad."""
    if not text.strip():
        return None
    known = country if country in phonenumbers.SUPPORTED_REGIONS else None
    try:
        found = phonenumbers.parse(text, known)
    except phonenumbers.NumberParseException:
        return Violation(UserErrorCode.INVALID, _dialled(known))
    if found.extension:
        message = (
            f"The telephone number has the extension {found.extension}, which cannot be stored. "
            "Remove it, or write it in a note."
        )
        return Violation(UserErrorCode.INVALID, message)
    if not phonenumbers.is_valid_number(found):
        return Violation(UserErrorCode.INVALID, _dialled(known))
    return phonenumbers.format_number(found, PhoneNumberFormat.E164)


def _dialled(country: str | None) -> str:
    sample = None if country is None else phonenumbers.example_number(country)
    if sample is None:
        return f"The telephone number is invalid. Enter it with its country code, such as {ABROAD}."
    within, abroad = (
        phonenumbers.format_number(sample, form)
        for form in (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL)
    )
    return (
        f"The telephone number is invalid. Enter it as dialed in {country}, such as {within}, or "
        f"with its country code, such as {abroad}."
    )


def email(text: str) -> str | Violation | None:
    """An e-mail address as it is written: what is before the @ is its owner's business. Nobody is asked whether it exists."""
    if not text.strip():
        return None
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError as wrong:
        message = (
            f"The email address is invalid. {wrong} Enter an address such as anna@acme.example."
        )
        return Violation(UserErrorCode.INVALID, message)


def vat_number(text: str, country: str | None) -> str | Violation | None:
    """A number for value added tax, with the letters of its country; of countries we cannot check, as it is given."""
    spelled = BETWEEN.sub("", text).upper()
    if not spelled:
        return None
    prefix = spelled[:2]
    if prefix not in EU and prefix not in VAT:
        if country is None or (country not in EU and country not in VAT):
            return text.strip()
        prefix = country
        spelled = prefix + spelled
    check = VAT.get(prefix, eu_vat.validate)
    try:
        return check("EL" + spelled[2:] if prefix == "GR" else spelled)
    except ValidationError:
        message = (
            f"The VAT number is not valid in {prefix}. Check an invoice of the company, and enter "
            "it with its country code, such as NL004495445B01."
        )
        return Violation(UserErrorCode.INVALID, message)


def registration_number(text: str, country: str | None) -> str | Violation | None:
    """A number in the register of companies of a country; of registers we do not know, as it is given."""
    given = text.strip()
    if not given:
        return None
    checks = REGISTERS.get(country or "", ())
    for check in checks:
        try:
            return check(given)
        except ValidationError:
            continue
    if not checks:
        return given
    message = (
        f"The registration number is not valid in {country}. Check the company register, and enter "
        "all digits."
    )
    return Violation(UserErrorCode.INVALID, message)
