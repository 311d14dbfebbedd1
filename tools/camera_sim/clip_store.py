"""Keeps encoded clips on disk, so that only the first start pays for the encoding."""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tools.camera_sim.clip_encode import (
    MediaTrack,
    MediaUnit,
    Progress,
    encode_audio,
    encode_video,
)
from tools.camera_sim.clip_spec import ClipSpec

# part of every key: raise it when the pictures, the sound or the file layout change
_VERSION: Final = 1


def default_clips_dir() -> Path:
    """`$XDG_CACHE_HOME/everframe/clips`, or the same under `~/.cache`."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "everframe" / "clips"


def load_clip(
    spec: ClipSpec, clips_dir: Path | None = None, progress: Progress | None = None
) -> list[MediaTrack]:
    """The clip's tracks, video first, encoded now unless the directory has them; blocks."""
    directory = clips_dir or default_clips_dir()
    directory.mkdir(parents=True, exist_ok=True)
    video: dict[str, object] = {k: v for k, v in asdict(spec).items() if not k.startswith("audio")}
    path = _path(directory, spec.label, video)
    tracks = [_read(path) or _write(path, encode_video(spec, progress))]
    if spec.audio != "none":
        rate = spec.audio_rate if spec.audio == "aac" else 8000
        audio: dict[str, object] = {"audio": spec.audio, "rate": rate}
        path = _path(directory, spec.audio, audio)
        tracks.append(_read(path) or _write(path, encode_audio(spec)))
    return tracks


def _path(directory: Path, name: str, parameters: dict[str, object]) -> Path:
    key = hashlib.sha256(json.dumps([_VERSION, parameters], sort_keys=True).encode())
    safe = "".join(c if c.isalnum() or c == "-" else "_" for c in name)[:40]
    return directory / f"{safe}-{key.hexdigest()[:16]}.clip"


def _read(path: Path) -> MediaTrack | None:
    """One JSON line that describes the units, then their bytes."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    described = json.loads(head)
    units, offset = [], 0
    for pts, sent_at, is_key, size in described["units"]:
        units.append(MediaUnit(body[offset : offset + size], pts, sent_at, bool(is_key)))
        offset += size
    return MediaTrack(
        codec=described["codec"],
        clock_rate=described["clock_rate"],
        loop_ticks=described["loop_ticks"],
        config=bytes.fromhex(described["config"]),
        units=tuple(units),
    )


def _write(path: Path, track: MediaTrack) -> MediaTrack:
    """Renamed into place when complete: two processes may race, and either file is right."""
    described = {
        "codec": track.codec,
        "clock_rate": track.clock_rate,
        "loop_ticks": track.loop_ticks,
        "config": track.config.hex(),
        "units": [[u.pts, u.sent_at, int(u.is_key), len(u.payload)] for u in track.units],
    }
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        file.write(json.dumps(described).encode() + b"\n")
        file.writelines(unit.payload for unit in track.units)
    Path(file.name).rename(path)
    return track
