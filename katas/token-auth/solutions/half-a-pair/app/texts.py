"""Texts that PostgreSQL can keep."""


def storable(text: str) -> bool:
    """JSON can spell NUL and half a surrogate pair; a column of type text can hold neither."""
    return "\0" not in text and not any("\ud800" < char < "\udfff" for char in text)


def stored(text: str) -> str:
    if not storable(text):
        raise ValueError("This text holds characters that cannot be kept.")
    return text


def to_bytes(text: str) -> bytes:
    """UTF-8 of any text that JSON can spell."""
    return text.encode(errors="surrogatepass")
