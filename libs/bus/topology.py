"""Every stream, bucket and consumer, declared here and nowhere else. Services only bind.

Dead letters need no advisory stream: no consumer has a delivery limit of its own, the consuming
client counts, writes the dead letter and only then terminates the event. So the server never
drops an event by itself and there is nothing for a mover to move.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from nats.js import api

from libs.bus.errors import UndeclaredMessage
from libs.bus.wiring import Wiring
from libs.contracts.asks import ScanState
from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import DeviceConfig, DeviceState, DiscoveryLeader
from libs.contracts.footage import FootageCheck, FootageDay
from libs.contracts.health import CameraHealth
from libs.contracts.live import Demand, LivePart, LiveState
from libs.contracts.messages import Message
from libs.contracts.ownership import Lease, Presence, RecordingProgress
from libs.contracts.presence import ServiceState

EVENTS = "EVENTS"
LIVE = "LIVE"
DEAD_LETTERS = "DLQ"
ACK_WAIT_SECONDS = 30.0
"""An unfinished event is delivered again after this, unless its handler's heartbeat is seen."""
MARKER_TTL_SECONDS = 60
"""How long the server remembers that a key expired; watchers learn of expiry from it."""
UNORDERED_SLOTS = 8
LIVE_SECONDS = 45.0
"""How long a live part is kept: a fresh streamer can serve every listed segment at once."""
LIVE_PARTS = 500

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Sizes that an installation chooses; services do not check them."""

    events_max_bytes: int = 4 * 1024 * _MIB
    events_max_age_seconds: float = timedelta(days=30).total_seconds()
    dead_letters_max_bytes: int = 256 * _MIB
    bucket_max_bytes: int = 64 * _MIB
    live_max_bytes: int = 1024 * _MIB
    """Memory for the last seconds of all cameras that somebody watches; the server needs about
    twice as much."""
    replicas: int = 1


@dataclass(frozen=True)
class _Bucket:
    model: type[Message]
    history: int = 1
    expires: bool = False
    """Keys carry a TTL and leave a marker when they expire."""
    max_age_seconds: float = 0.0
    """Values older than this are forgotten; 0: never."""
    size: int = 1
    """How many times as large as other buckets it may get."""
    is_keyed_by_service: bool = False
    """Keys begin with a service's name, and a service may write only its own."""


# Presence lies on disk like the others: a memory bucket is gone after a restart of the server,
# and services may not declare it again. It costs one small write per instance every few seconds.
_BUCKETS = (
    _Bucket(CameraConfig, history=5),
    _Bucket(Lease, expires=True),
    _Bucket(Presence, expires=True),
    _Bucket(RecordingProgress),
    _Bucket(Demand, expires=True),
    _Bucket(LiveState),
    _Bucket(DeviceConfig, history=5),
    _Bucket(DeviceState),
    _Bucket(CameraHealth),
    _Bucket(DiscoveryLeader, expires=True),
    _Bucket(ScanState, max_age_seconds=timedelta(days=1).total_seconds()),
    _Bucket(FootageCheck),
    _Bucket(FootageDay, max_age_seconds=timedelta(days=400).total_seconds(), size=8),
    _Bucket(ServiceState, expires=True, is_keyed_by_service=True),
)
_KEYED_BY_SERVICE = frozenset(each.model for each in _BUCKETS if each.is_keyed_by_service)


def bucket_name(model: type[Message]) -> str:
    """Return the bucket of a message class; UndeclaredMessage when it has none."""
    name = getattr(model, "bucket", None)
    if not isinstance(name, str):
        raise UndeclaredMessage(f"{model.__name__} has no bucket")
    return name


def writable_keys(model: type[Message], service: str) -> str:
    """Return which keys of the bucket of a message class a service may write, with a wildcard."""
    return f"{service}.>" if model in _KEYED_BY_SERVICE else ">"


def bucket_stream(bucket: str) -> str:
    """Return the stream behind a bucket."""
    return f"KV_{bucket}"


def dead_letter_subject(stream: str, consumer: str) -> str:
    """Return where a consumer's dead letters of a stream go."""
    return f"everframe.dlq.{stream}.{consumer}"


def streams(limits: Limits) -> list[api.StreamConfig]:
    """Return every stream, buckets included."""
    events = api.StreamConfig(
        name=EVENTS,
        description="Facts: what happened",
        subjects=["everframe.evt.>"],
        retention=api.RetentionPolicy.LIMITS,
        storage=api.StorageType.FILE,
        max_age=limits.events_max_age_seconds,
        max_bytes=limits.events_max_bytes,
        compression=api.StoreCompression.S2,
        duplicate_window=600,
        num_replicas=limits.replicas,
    )
    dead = api.StreamConfig(
        name=DEAD_LETTERS,
        description="Events that a consumer gave up, with the reason in their headers",
        subjects=["everframe.dlq.>"],
        retention=api.RetentionPolicy.LIMITS,
        storage=api.StorageType.FILE,
        max_age=timedelta(days=30).total_seconds(),
        max_bytes=limits.dead_letters_max_bytes,
        duplicate_window=600,
        num_replicas=limits.replicas,
    )
    return [
        events,
        dead,
        live_stream(limits),
        *(_bucket_config(bucket, limits) for bucket in _BUCKETS),
    ]


def live_stream(limits: Limits) -> api.StreamConfig:
    """Return the stream of live parts; its publishers make it anew when the server lost it."""
    return api.StreamConfig(
        name=LIVE,
        description="The last seconds of cameras that somebody watches",
        subjects=[LivePart.subject_filter()],
        retention=api.RetentionPolicy.LIMITS,
        storage=api.StorageType.MEMORY,
        max_age=LIVE_SECONDS,
        max_msgs_per_subject=LIVE_PARTS,
        max_bytes=limits.live_max_bytes,
        discard=api.DiscardPolicy.OLD,
        duplicate_window=1,
        allow_direct=True,
        num_replicas=1,
    )


def _bucket_config(bucket: _Bucket, limits: Limits) -> api.StreamConfig:
    name = bucket_name(bucket.model)
    return api.StreamConfig(
        name=bucket_stream(name),
        description=(bucket.model.__doc__ or name).split("\n", 1)[0],
        subjects=[f"$KV.{name}.>"],
        retention=api.RetentionPolicy.LIMITS,
        storage=api.StorageType.FILE,
        max_msgs_per_subject=bucket.history,
        max_age=bucket.max_age_seconds,
        max_bytes=limits.bucket_max_bytes * bucket.size,
        discard=api.DiscardPolicy.NEW,
        duplicate_window=120,
        allow_rollup_hdrs=True,
        allow_direct=True,
        deny_delete=True,
        allow_msg_ttl=True,
        subject_delete_marker_ttl=MARKER_TTL_SECONDS if bucket.expires else None,
        num_replicas=limits.replicas,
    )


def consumer(wiring: Wiring) -> api.ConsumerConfig | None:
    """Return the durable consumer of a service, None for one that hears nothing."""
    if not wiring.consumes:
        return None
    return api.ConsumerConfig(
        durable_name=wiring.service,
        description=f"Everything that {wiring.service} consumes, in stream order",
        deliver_policy=api.DeliverPolicy.ALL,
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_SECONDS,
        max_deliver=-1,
        max_ack_pending=1 if wiring.ordered else UNORDERED_SLOTS,
        filter_subjects=sorted(event.subject_filter() for event in wiring.consumes),
    )


_STREAM_FIELDS = (
    "subjects",
    "retention",
    "storage",
    "compression",
    "duplicate_window",
    "max_msgs_per_subject",
    "discard",
    "allow_rollup_hdrs",
    "allow_msg_ttl",
    "subject_delete_marker_ttl",
)
_LIMIT_FIELDS = ("max_age", "max_bytes", "num_replicas", "description")
_CONSUMER_FIELDS = (
    "deliver_policy",
    "ack_policy",
    "ack_wait",
    "max_deliver",
    "max_ack_pending",
    "filter_subjects",
)


def stream_differences(
    wanted: api.StreamConfig, actual: api.StreamConfig, *, limits: bool
) -> list[str]:
    """Return what differs, as `field: actual -> wanted`; sizes and ages only with `limits`."""
    fields = _STREAM_FIELDS + (_LIMIT_FIELDS if limits else ())
    return list(_differences(fields, wanted, actual))


def consumer_differences(wanted: api.ConsumerConfig, actual: api.ConsumerConfig) -> list[str]:
    """Return what differs, as `field: actual -> wanted`."""
    if actual.filter_subject and not actual.filter_subjects:
        actual = actual.evolve(filter_subjects=[actual.filter_subject])
    return list(_differences(_CONSUMER_FIELDS, wanted, actual))


def _differences(fields: Iterable[str], wanted: object, actual: object) -> Iterable[str]:
    for field in fields:
        want, have = _plain(getattr(wanted, field)), _plain(getattr(actual, field))
        if want != have:
            yield f"{field}: {have} -> {want}"


def _plain(value: Any) -> Any:
    """Return a comparable form; the server leaves out what is zero, empty or the default."""
    value = getattr(value, "value", value)
    if isinstance(value, list):
        return sorted(value)
    return None if value in {0, "", "none", -1} else value
