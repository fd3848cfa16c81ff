"""Conversion of names: snake_case in Python and SQL, camelCase in GraphQL."""


def camel(snake: str) -> str:
    """`expected_close_on` → `expectedCloseOn`."""
    head, *rest = snake.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def plural(name: str) -> str:
    """Name of a list of a type in the API: `CaseStatus` → `caseStatuses`, `Industry` → `industries`."""
    word = name[0].lower() + name[1:]
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("s") else f"{word}s"


def singular(name: str) -> str:
    """Type name for one record of a relation: `relatedAccounts` → `RelatedAccount`, `addresses` → `Address`."""
    word = name[0].upper() + name[1:]
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word.removesuffix("es") if word.endswith("sses") else word.removesuffix("s")
