"""Addresses of the same page about many things: worked out once, since a list says hundreds of them."""

from collections.abc import Callable
from functools import cache

from django.urls import reverse

# No key of ours, and no part of any address.
KEY = 2**52 - 1


@cache
def address_of(view: str) -> Callable[[int], str]:
    """Of a view that takes one key. The same as `reverse`, which works it out anew for each."""
    before, after = reverse(view, args=[KEY]).split(str(KEY))
    return lambda key: f"{before}{key}{after}"
