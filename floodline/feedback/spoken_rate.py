"""A rate for people: whole where it is large, three digits where it is small."""


def spoken_rate(rate: float) -> str:
    """The rate as text.

    >>> spoken_rate(232_779.3), spoken_rate(4.7212)
    ('232,779', '4.72')
    """
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"
