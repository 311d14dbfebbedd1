"""Looks at an ONVIF device with the foreign client onvif-python; prints what it saw as JSON.

Run by the Python of the environment for foreign clients. Arguments: port, user, password and
`http_digest` or `username_token`.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from onvif import CacheMode, ONVIFClient

UNICAST = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}


def look_at_footage(client: Any) -> dict[str, Any]:
    search = client.search()
    token = search.FindRecordings(Scope={}, KeepAliveTime="PT30S")
    recordings = search.GetRecordingSearchResults(SearchToken=token, MaxResults=9, WaitTime="PT5S")
    token = search.FindEvents(
        StartPoint=datetime.now(UTC) - timedelta(days=1),
        Scope={},
        SearchFilter={},
        IncludeStartState=False,
        KeepAliveTime="PT30S",
    )
    events: list[Any] = []
    for _ in range(20):
        page = search.GetEventSearchResults(SearchToken=token, MaxResults=3, WaitTime="PT5S")
        events += page.Result
        if page.SearchState == "Completed":
            break
    unread = search.FindRecordings(Scope={}, KeepAliveTime="PT30S")
    found = sorted(item.RecordingToken for item in recordings.RecordingInformation)
    return {
        "recordings": found,
        "events": [[event.RecordingToken, event.Time.isoformat()] for event in events],
        "ended_at": search.EndSearch(SearchToken=unread).isoformat(),
        "replay": client.replay().GetReplayUri(StreamSetup=UNICAST, RecordingToken=found[0]),
        "recording_items": len(client.recording().GetRecordings()),
    }


def main() -> None:
    port, user, password, login = sys.argv[1:]
    client = ONVIFClient(
        "127.0.0.1",
        int(port),
        user,
        password,
        http_digest=login == "http_digest",
        cache=CacheMode.NONE,
    )
    media, media2 = client.media(), client.media2()
    profiles = media.GetProfiles()
    profiles2 = media2.GetProfiles(Type=["All"])
    token = profiles[0].token
    seen = {
        "serial": client.devicemgmt().GetDeviceInformation().SerialNumber,
        "scopes": [scope.ScopeItem for scope in client.devicemgmt().GetScopes()],
        "profiles": [profile.token for profile in profiles],
        "codecs": [profile.Configurations.VideoEncoder.Encoding for profile in profiles2],
        "stream": media.GetStreamUri(StreamSetup=UNICAST, ProfileToken=token).Uri,
        "stream2": media2.GetStreamUri(Protocol="RtspUnicast", ProfileToken=token),
        **look_at_footage(client),
    }
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
