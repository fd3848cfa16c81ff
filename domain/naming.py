"""How names are spelled: snake_case where they are kept, camelCase where they are spoken."""


def camel(snake: str) -> str:
    """`expected_close_on` → `expectedCloseOn`."""
    head, *rest = snake.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def pascal(snake: str) -> str:
    """`opportunity_type` → `OpportunityType`."""
    return "".join(part[:1].upper() + part[1:] for part in snake.split("_"))


def plural(word: str) -> str:
    """`opportunity` → `opportunities`, `stage` → `stages`; camelCase is kept."""
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch")) else "s")
