"""How names are spelled: snake_case where they are kept, camelCase where they are spoken."""


def camel(snake: str) -> str:
    """`expected_close_on` → `expectedCloseOn`."""
    head, *rest = snake.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)
