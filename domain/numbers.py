"""Normalization of telephone numbers, email addresses, VAT numbers and company registration numbers."""

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
from domain.message import Message
from domain.violations import Violation

Check = Callable[[str], str]
"""Returns the normalized number, or raises ValidationError."""
EXAMPLE_NUMBER = "+31 20 123 4567"
SEPARATORS = re.compile(r"[\s./-]+")
EU_PREFIXES = frozenset({state.upper() for state in eu_vat.MEMBER_STATES} | {"EL", "GR"})
VAT_CHECKS: Mapping[str, Check] = {
    "CH": ch_vat.validate,
    "GB": lambda text: f"GB{gb_vat.validate(text)}",
    "NO": lambda text: f"NO{mva.validate(text)}",
}
"""VAT checks outside the European Union, by the number's prefix."""
REGISTRATION_CHECKS: Mapping[str, tuple[Check, ...]] = {
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
"""Checks of registration numbers by country. Numbers of other countries are not changed."""


def phone(text: str, country: str | None) -> str | Violation | None:
    """A telephone number as E.164. Without `country` it needs its country code."""
    if not text.strip():
        return None
    region = country if country in phonenumbers.SUPPORTED_REGIONS else None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return Violation(UserErrorCode.INVALID, _invalid_phone_message(region))
    if number.extension:
        message = Message(
            "The telephone number has the extension {extension}, which cannot be stored. "
            "Remove it, or write it in a note.",
            extension=number.extension,
        )
        return Violation(UserErrorCode.INVALID, message)
    if not phonenumbers.is_valid_number(number):
        return Violation(UserErrorCode.INVALID, _invalid_phone_message(region))
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _invalid_phone_message(country: str | None) -> Message:
    sample = None if country is None else phonenumbers.example_number(country)
    if sample is None:
        return Message(
            "The telephone number is invalid. Enter it with its country code, such as {number}.",
            number=EXAMPLE_NUMBER,
        )
    national, international = (
        phonenumbers.format_number(sample, form)
        for form in (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL)
    )
    return Message(
        "The telephone number is invalid. Enter it as dialed in {country}, such as {national}, or "
        "with its country code, such as {international}.",
        country=country,
        national=national,
        international=international,
    )


def email(text: str) -> str | Violation | None:
    """A normalized email address; the local part is not changed. Only the syntax is checked."""
    if not text.strip():
        return None
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        message = Message(
            "The email address is invalid. {error} Enter an address such as anna@acme.example.",
            error=Message(str(error)),
        )
        return Violation(UserErrorCode.INVALID, message)


def vat_number(text: str, country: str | None) -> str | Violation | None:
    """A VAT number with its country prefix. Numbers of countries without a check are not changed."""
    compact = SEPARATORS.sub("", text).upper()
    if not compact:
        return None
    prefix = compact[:2]
    if prefix not in EU_PREFIXES and prefix not in VAT_CHECKS:
        if country is None or (country not in EU_PREFIXES and country not in VAT_CHECKS):
            return text.strip()
        prefix = country
        compact = prefix + compact
    check = VAT_CHECKS.get(prefix, eu_vat.validate)
    try:
        return check("EL" + compact[2:] if prefix == "GR" else compact)
    except ValidationError:
        message = Message(
            "The VAT number is not valid in {country}. Check an invoice of the company, and enter "
            "it with its country code, such as NL004495445B01.",
            country=prefix,
        )
        return Violation(UserErrorCode.INVALID, message)


def registration_number(text: str, country: str | None) -> str | Violation | None:
    """A company registration number. Numbers of countries without a check are not changed."""
    stripped = text.strip()
    if not stripped:
        return None
    checks = REGISTRATION_CHECKS.get(country or "", ())
    for check in checks:
        try:
            return check(stripped)
        except ValidationError:
            continue
    if not checks:
        return stripped
    message = Message(
        "The registration number is not valid in {country}. Check the company register, and enter "
        "all digits.",
        country=country,
    )
    return Violation(UserErrorCode.INVALID, message)
