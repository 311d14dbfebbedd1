"""Checks answers of ONVIF services against ONVIF's own schemas; prints what is wrong as JSON.

Run by the Python of the environment for foreign clients, which brings the WSDL files. Argument: a
folder with one answer per file, `service.Operation.xml`. Each is validated by libxml2 and read by
zeep in its strict mode.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import onvif
from lxml import etree
from zeep import Client, Settings

WSDLS = {
    "device": "ver10/device/wsdl/devicemgmt.wsdl",
    "media": "ver10/media/wsdl/media.wsdl",
    "media2": "ver20/media/wsdl/media.wsdl",
    "search": "ver10/search.wsdl",
    "recording": "ver10/recording.wsdl",
    "replay": "ver10/replay.wsdl",
}
XSD = "{http://www.w3.org/2001/XMLSchema}"
BODY = "{http://www.w3.org/2003/05/soap-envelope}Body"


def without_wildcards(folder: Path) -> None:
    """Take the places for vendors' elements out of all schemas.

    libxml2 refuses them beside optional elements, and the simulator must not need them anyway.
    """
    for path in [*folder.rglob("ver*/**/*.xsd"), *folder.rglob("ver*/**/*.wsdl")]:
        document = etree.parse(path)
        for wildcard in list(document.iter(f"{XSD}any")):
            parent = wildcard.getparent()
            assert parent is not None
            if len(parent.findall(f"{XSD}element")) > 0:
                parent.remove(wildcard)
        document.write(path)


def schema_of(wsdl: Path) -> etree.XMLSchema:
    schema = next(etree.parse(wsdl).iter(f"{XSD}schema"))
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema), base_url=str(wsdl)))


def problems(answer: Path, schema: etree.XMLSchema, operations: Any) -> list[str]:
    envelope = etree.fromstring(answer.read_bytes())
    body = envelope.find(BODY)
    assert body is not None
    found = []
    try:
        schema.assertValid(etree.fromstring(etree.tostring(body[0])))
    except etree.DocumentInvalid as error:
        found.append(str(error))
    try:
        operations[answer.name.split(".")[1]].process_reply(envelope)
    except Exception as error:  # noqa: BLE001 - whatever zeep does not like is what we look for
        found.append(repr(error))
    return found


def main() -> None:
    answers = Path(sys.argv[1])
    original = Path(onvif.__file__).parent / "wsdl"
    seen: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        wsdls = Path(folder) / "wsdl"
        shutil.copytree(original, wsdls)
        without_wildcards(wsdls)
        for service, name in WSDLS.items():
            schema = schema_of(wsdls / name)
            settings = Settings(strict=True)
            client: Any = Client(str(original / name), settings=settings)  # type: ignore[no-untyped-call]
            operations = next(iter(client.wsdl.bindings.values()))._operations
            for answer in sorted(answers.glob(f"{service}.*.xml")):
                seen[answer.name] = problems(answer, schema, operations)
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
