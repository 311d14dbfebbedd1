"""Recognising a device that speaks the vendor's own protocol, without a login."""

from libs.devices.driver import Address


async def speaks(address: Address, *, timeout_seconds: float) -> bool:
    """Return False, always.

    The protocol is not published, its port (8000) says nothing by being open, and the library
    offers nothing before a login, so that asking it would be a try to log in.
    """
    del address, timeout_seconds
    return False
