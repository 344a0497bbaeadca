"""Compiled loops over the bytes of a batch of records: from JSON text to rows of floats.

All texts of a batch lie behind each other, with `PADDING` zero bytes at the end: no kernel asks at
each byte whether the text is over, since a zero byte ends every token, and none reads more than
eight bytes past a byte that is not zero.
"""

PADDING = 16
