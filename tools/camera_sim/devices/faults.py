"""Everything that can be wrong with a simulated device; the defaults are a healthy one."""

from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_type_hints

from pydantic import TypeAdapter, ValidationError

Garbage = Literal["", "xml", "dtd", "bytes", "text"]
AuthScheme = Literal["digest", "basic", "both", "digest_sha256", "none"]


@dataclass(slots=True)
class DeviceFaults:
    """Switches; each may change while the device runs, and holds from the next request on.

    Counts are used up by what they hit. `wire_path` narrows all of "the wire" and "HTTP".
    """

    # the clock
    clock_mode: Literal["utc", "local", "offset"] = "utc"
    """ISAPI search times: true UTC with Z, wall clock with Z, wall clock with its real offset."""
    clock_offset_seconds: float = 0.0
    """The device's clock minus true time; its files carry the same error."""
    zone: str = "UTC0"
    """POSIX TZ string, also with Hikvision's DST tail that names the shift."""

    # listing
    page_cap: int | None = None
    """Most items of one answer, whatever was asked for; None: 40 with ISAPI, 100 with Dahua."""
    result_cap: int | None = None
    """Most results of one search session; the last page says that it is complete."""
    more_empty: bool = False
    """Says at the end that there is more, and then brings nothing."""
    duplicate_at_seams: bool = False
    """Each page but the first begins with the last item of the page before."""
    scrambles_results: bool = False
    """Results come in no order."""
    growing_last_file: bool = True
    """The file being written is listed, with end and size of the moment."""
    missing_playback_uri: bool = False
    """Every fifth item of an ISAPI result has none."""
    playback_uri_has_login: bool = False
    """ISAPI playback URIs carry user and password."""
    total_matches: bool = False
    """ISAPI results carry totalMatches, as newer firmware does."""
    search_busy: int = 0
    """That many searches are answered as busy."""
    strict_uuid: bool = True
    """An ISAPI searchID must be a UUID."""
    strict_names: bool = False
    """Only the working (misspelt) element names are understood, others are bad content."""
    finder_leak_limit: int = 8
    """Dahua: most finders that can be open; only close or destroy frees them."""

    # the account
    auth_scheme: AuthScheme = "digest"
    stale_nonce: bool = False
    """A nonce is good for one request; the next is told that it is stale."""
    wrong_realm: bool = False
    """Hashes with another realm than it announces, so that the right password fails."""
    lockout_tries: int = 7
    """Wrong passwords of one source and user until that pair is locked; 0 never locks."""
    lockout_seconds: float = 1800.0
    lockout_restarts: bool = True
    """Each try during a lock starts it anew."""
    low_privilege: bool = False
    """The account may log in and do nothing else."""
    login_everywhere: bool = False
    """Asks for a login on every path, also on those that do not exist."""

    # HTTP
    ok_200_with_xml_error: bool = False
    """Status 200, and the body is an error document."""
    transient_400: int = 0
    """That many requests are answered with status 400."""
    status_500: int = 0
    """That many requests are answered with status 500."""
    max_sessions: int | None = None
    """Most connections at a time; more are answered with status 503."""

    # the wire
    wire_path: str = ""
    """Only requests whose target contains this are hit."""
    stalls: bool = False
    """Takes requests and says nothing."""
    drops: bool = False
    """Closes the connection in place of an answer."""
    missing_content_length: bool = False
    """The end of the connection is the end of the answer."""
    truncated_body: bool = False
    """Announces the whole answer, sends half of it and closes."""
    slow_drip: float = 0.0
    """Seconds between the bytes of an answer."""
    garbage: Garbage = ""
    """In place of an answer: broken XML, XML with entities, bytes that are not HTTP, or text."""
    huge_answer: bool = False
    """The answer never ends."""

    # addresses and parts
    nat_host: str = ""
    """A host that nobody can reach, in every URL that the device tells."""
    missing_services: frozenset[str] = field(default_factory=frozenset)
    """Names of services that it does not have: of ONVIF (`search`, ...), ISAPI (`userCheck`,
    `Storage`, ...) or Dahua (`mediaFileFind`, ...)."""
    hides_media2: bool = False
    """ONVIF: Media2 is there but not listed."""
    xml_namespace: Literal["hikvision", "isapi", "std-cgi"] = "hikvision"
    """Which of the namespaces of ISAPI documents."""
    disk: Literal["ok", "error", "none"] = "ok"
    picture_fails: Literal["", "main", "sub", "both"] = ""
    """Snapshots of that stream are answered with an error."""
    channel_base: Literal[0, 1] = 1
    """Dahua: number of the first channel in CGI queries."""
    stray_spaces: bool = False
    """Dahua: blanks around the names and values of answers, as some recorders do."""
    real_utc: bool = False
    """Dahua: results and queries also have times in UTC, as new firmware does."""
    empty_is_400: bool = False
    """Dahua: a search without results is answered with status 400."""

    def change(self, name: str, value: Any) -> None:
        """Sets a switch. Raises ValueError when it does not exist or cannot have that value."""
        if name not in fault_names():
            raise ValueError(f"no such fault: {name}")
        try:
            checked = TypeAdapter(get_type_hints(DeviceFaults)[name]).validate_python(value)
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"]) from error
        if name == "zone":
            from tools.camera_sim.devices.wall_clock import zone_rules

            zone_rules(checked)
        setattr(self, name, checked)

    def clear(self) -> None:
        """Makes it a healthy device again."""
        healthy = DeviceFaults()
        for name in fault_names():
            setattr(self, name, getattr(healthy, name))


def fault_names() -> list[str]:
    """All switches."""
    return [item.name for item in fields(DeviceFaults)]
