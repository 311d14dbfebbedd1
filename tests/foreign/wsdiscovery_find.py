"""Looks for devices with the foreign client WSDiscovery; prints what it found as JSON.

Run by the Python of the environment for foreign clients. Arguments: port, and how many devices to
wait for. The package takes every interface but loopback, and IPv6 too; here it gets loopback only,
and a port of our choice. It sends unicast probes as well, but never reads what comes back to them.
"""

import ipaddress
import json
import socket
import sys
from typing import Any, NoReturn

from wsdiscovery import threaded  # type: ignore[import-not-found] # another environment
from wsdiscovery.discovery import (  # type: ignore[import-not-found] # same
    ThreadedWSDiscovery,
)
from wsdiscovery.qname import QName  # type: ignore[import-not-found] # same

TRANSMITTER = QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")
MOST_SEARCHES = 20


def loopback_only(family: int) -> list[Any]:
    return [ipaddress.ip_address("127.0.0.1")] if family == socket.AF_INET else []


def no_ipv6(_: object) -> NoReturn:
    raise OSError("IPv4 only")


def main() -> None:
    port, wanted = int(sys.argv[1]), int(sys.argv[2])
    threaded._getNetworkAddrs = loopback_only
    threaded.NetworkingThreadIPv6 = no_ipv6
    threaded.MULTICAST_PORT = port
    discovery = ThreadedWSDiscovery()
    discovery.start()
    try:
        services: list[Any] = []
        for _ in range(MOST_SEARCHES):
            services = discovery.searchServices(types=[TRANSMITTER], timeout=1)
            if len(services) >= wanted:
                break
    finally:
        discovery.stop()
    found = {
        service.getEPR(): {
            "xaddrs": service.getXAddrs(),
            "scopes": [str(scope) for scope in service.getScopes()],
            "types": [str(name) for name in service.getTypes()],
        }
        for service in services
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
