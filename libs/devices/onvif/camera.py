"""onvif-zeep's camera and service without what makes them unfit for a server.

The package's own constructor asks the device at once, leaves event subscriptions behind there,
and takes the proxies out of the environment; its services send again when an answer cannot be
read, and turn faults into text.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from zeep import Client, Transport

from libs.devices.driver import Address
from libs.devices.onvif.package import (
    ANSWER_SETTINGS,
    SERVICES,
    WSDL_FOLDER,
    ONVIFCamera,
    ONVIFService,
    document,
)
from libs.devices.onvif.token import UsernameToken


class _DirectService(ONVIFService):  # type: ignore[misc]  # the package has no types
    """Calls an operation once and lets its own error through."""

    def service_wrapper(self, func: Callable[..., Any]) -> Callable[..., Any]:
        def call_once(params: Mapping[str, Any]) -> Any:
            return func(**params)

        return call_once


class SilentCamera(ONVIFCamera):  # type: ignore[misc]  # the package has no types
    """An ONVIFCamera that sends nothing of its own accord, and only through `transport`.

    `xaddrs` maps namespaces to the addresses of services. One camera is made for each call: it
    holds nothing but parsed documents that all of them share.
    """

    def __init__(  # the package's constructor talks to the device and changes the environment
        self,
        address: Address,
        xaddrs: Mapping[str, str],
        transport: Transport,
        token: UsernameToken | None,
    ) -> None:
        self.host = f"{'https' if address.use_tls else 'http'}://{address.host}"
        self.port = address.port
        self.user = self.passwd = None
        self.wsdl_dir = str(WSDL_FOLDER)
        self.transport = transport
        self.xaddrs = dict(xaddrs)
        self.services: dict[str, Any] = {}
        self.services_lock = threading.RLock()
        self._token = token

    def create_onvif_service(
        self,
        name: str,
        from_template: bool = True,
        portType: str | None = None,  # noqa: N803 - its name
    ) -> Any:
        """Return the service; unlike the package's, it parses no WSDL again."""
        del from_template
        xaddr, wsdl_path, binding_name = self.get_definition(name, portType)
        client = Client(  # type: ignore[no-untyped-call]  # zeep has types in part only
            document(SERVICES[name]["wsdl"]),
            wsse=self._token,
            transport=self.transport,
            settings=ANSWER_SETTINGS,
        )
        return _DirectService(
            xaddr, None, None, wsdl_path, zeep_client=client, binding_name=binding_name
        )
