"""Live parts flow from somebody to somebody."""

from tools.docs import wirings


def test_who_follows_live_parts_has_somebody_who_sends_them():
    found = wirings()

    senders = {wiring.service for wiring in found if wiring.sends_live}
    followers = {wiring.service for wiring in found if wiring.follows_live}

    assert bool(senders) == bool(followers)
    assert not senders & followers, "a service that hears its own parts runs in a circle"
