"""onvif-zeep as we use it: imported without its side effects, its WSDLs parsed once.

The package configures the root logger when it is imported, and parses a WSDL again for every
camera; a process with hundreds of cameras wants neither.
"""

import logging
import threading
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Never

from zeep import Settings, Transport
from zeep.wsdl import Document

_lock = threading.Lock()


def _import_quietly() -> tuple[Any, Any, Any]:
    root, zeep_client = logging.getLogger(), logging.getLogger("zeep.client")
    handlers, level, zeep_level = root.handlers[:], root.level, zeep_client.level
    package = import_module("onvif.client")
    for handler in [known for known in root.handlers if known not in handlers]:
        root.removeHandler(handler)
    root.setLevel(level)
    zeep_client.setLevel(zeep_level)
    return package.ONVIFCamera, package.ONVIFService, package.SERVICES


ONVIFCamera, ONVIFService, SERVICES = _import_quietly()

WSDL_FOLDER = Path(import_module("onvif").__file__ or "").parent.parent / "wsdl"
"""The package installs its WSDLs beside itself, not within."""

ANSWER_SETTINGS = Settings(
    # strict: a truncated answer must be an error, not a short list
    strict=True,
    forbid_dtd=True,
    forbid_entities=True,
    forbid_external=True,
    xml_huge_tree=False,
    # devices do not keep to the order of the schema
    xsd_ignore_sequence_order=True,
)
_SCHEMA_SETTINGS = Settings(
    # lenient: devices leave out what the schema says is there
    strict=False,
    forbid_dtd=True,
    forbid_external=True,
    xml_huge_tree=False,
    xsd_ignore_sequence_order=True,
)


def document(wsdl_file: str) -> Document:
    """Return a parsed WSDL of the package; blocks for about 0.1 s at the first time.

    Parsed documents are only read afterwards, so threads may share them.
    """
    with _lock:
        return _parsed(wsdl_file)


@cache
def _parsed(wsdl_file: str) -> Document:
    files: Any = _LocalFiles  # zeep has types in part only
    return Document(str(WSDL_FOLDER / wsdl_file), files(), settings=_SCHEMA_SETTINGS)


class _LocalFiles(Transport):
    """Reads the WSDLs from disk; an import that leads elsewhere is refused."""

    def _load_remote_data(self, url: str) -> Never:
        raise ValueError(f"not a local file: {url}")
