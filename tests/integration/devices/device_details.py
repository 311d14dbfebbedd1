"""Asks a device for everything, one thing after the other."""

from libs.contracts.devices import Capability, DeviceDetails
from libs.devices.driver import Driver


async def details_of(driver: Driver) -> DeviceDetails:
    """Ask a device for everything that it tells of itself, one thing after the other."""
    identity = await driver.identify()
    can = driver.capabilities
    return DeviceDetails(
        identity=identity,
        channels=await driver.streams() if Capability.STREAMS in can else (),
        storage=await driver.storage(),
        clock=await driver.clock() if Capability.CLOCK in can else None,
        capabilities=tuple(sorted(driver.capabilities)),
    )
