"""RFC 6381 codec strings, read from the sample entries of an init segment."""

from libs.media import boxes

_SAMPLE_TABLE = (b"mdia", b"minf", b"stbl", b"stsd")
_VISUAL_ENTRY_BYTES = 78  # fields of VisualSampleEntry before its boxes
_AUDIO_ENTRY_BYTES = 28


def video_codec_string(init: bytes) -> str:
    """For example "avc1.640028", "hvc1.1.6.L93.B0" or "mp4v.20.1". Raises ValueError."""
    for entry in _sample_entries(init):
        inside = entry.body + _VISUAL_ENTRY_BYTES
        kind = entry.kind.decode("latin1")
        if kind in {"avc1", "avc3"}:
            box = boxes.find(init, b"avcC", start=inside, end=entry.end)
            return f"{kind}.{init[box.body + 1 : box.body + 4].hex().upper()}"
        if kind in {"hvc1", "hev1"}:
            box = boxes.find(init, b"hvcC", start=inside, end=entry.end)
            return f"{kind}.{_hevc_profile(init[box.body : box.end])}"
        if kind == "mp4v":
            box = boxes.find(init, b"esds", start=inside, end=entry.end)
            return f"mp4v.20.{_visual_profile(init[box.body : box.end])}"
    raise ValueError("no video sample entry")


def audio_codec_string(init: bytes) -> str:
    """For example "mp4a.40.2". Raises ValueError."""
    for entry in _sample_entries(init):
        if entry.kind == b"mp4a":
            box = boxes.find(init, b"esds", start=entry.body + _AUDIO_ENTRY_BYTES, end=entry.end)
            config = _decoder_specific(init[box.body : box.end])
            object_type = config[0] >> 3 if config else 2
            if object_type == 31 and len(config) > 1:  # escape, ISO/IEC 14496-3 §1.6.2.1
                object_type = 32 + ((config[0] & 7) << 3 | config[1] >> 5)
            return f"mp4a.40.{object_type}"
    raise ValueError("no audio sample entry")


def _sample_entries(init: bytes) -> list[boxes.Box]:
    moov = boxes.find(init, b"moov")
    entries: list[boxes.Box] = []
    for trak in boxes.walk(init, moov.body, moov.end):
        if trak.kind == b"trak":
            stsd = boxes.find(init, *_SAMPLE_TABLE, start=trak.body, end=trak.end)
            entries += boxes.walk(init, stsd.body + 8, stsd.end)
    return entries


def _hevc_profile(config: bytes) -> str:
    """ISO/IEC 14496-15 annex E.3: profile, compatibility, tier and level, constraints."""
    space = ("", "A", "B", "C")[config[1] >> 6]
    tier = "H" if config[1] & 0x20 else "L"
    compatibility = int(f"{int.from_bytes(config[2:6], 'big'):032b}"[::-1], 2)
    constraints = config[6:12].rstrip(b"\0")
    parts = [f"{space}{config[1] & 0x1F}", f"{compatibility:X}", f"{tier}{config[12]}"]
    return ".".join(parts + [f"{byte:X}" for byte in constraints])


def _visual_profile(esds: bytes) -> int:
    """profile_and_level_indication from the VOS header, 1 (simple profile) without one."""
    config = _decoder_specific(esds)
    position = config.find(b"\0\0\1\xb0")
    return config[position + 4] if 0 <= position < len(config) - 4 else 1


def _decoder_specific(esds: bytes) -> bytes:
    """DecoderSpecificInfo (ISO/IEC 14496-1 §7.2.6) of an esds body."""
    position = 4
    while position < len(esds):
        tag = esds[position]
        position += 1
        size = 0
        while position < len(esds):
            byte = esds[position]
            position += 1
            size = size << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        if tag == 5:
            return esds[position : position + size]
        # step into ES_Descriptor (3) and DecoderConfigDescriptor (4), over anything else
        position += {3: 3, 4: 13}.get(tag, size)
    return b""
