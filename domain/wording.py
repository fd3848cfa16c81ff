"""Short forms of values for display: initials, quarter, and domain of a web address."""

from urllib.parse import urlsplit


def initials(name: str | None) -> str | None:
    """The first letters of the first and the last word, such as `AV` for Anna de Vries."""
    words = ["".join(filter(str.isalnum, word)) for word in (name or "").split()]
    words = [word for word in words if word]
    if not words:
        return None
    first_and_last = [words[0]] if len(words) == 1 else [words[0], words[-1]]
    return "".join(word[0].upper() for word in first_and_last)


def quarter(day: str | None) -> str | None:
    """The quarter of the year that an ISO date lies in, such as `2026-Q3`."""
    if day is None:
        return None
    year, month, _ = day.split("-")
    return f"{year}-Q{(int(month) + 2) // 3}"


def web_domain(address: str | None) -> str | None:
    """The domain of a web address in lower case, without `www.`; None if it has none."""
    text = (address or "").strip()
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname
    except ValueError:  # such as an IPv6 address without its closing bracket
        return None
    if not host or "." not in host:
        return None
    return host.removeprefix("www.") or None
