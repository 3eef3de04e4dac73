"""Addresses that are worked out once are those that `reverse` gives."""

from django.urls import reverse

from iop_portal.addresses import address_of


def test_each_key_has_the_address_that_reverse_gives():
    for view in ("home:client", "followups:one", "scheduling:mark"):
        assert [address_of(view)(key) for key in (1, 20, 4503)] == [reverse(view, args=[key]) for key in (1, 20, 4503)]
