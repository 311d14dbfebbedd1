"""Where a scan may go: addresses, CIDR ranges and first-last, checked before anything is asked."""

from libs.runtime.addresses import parse_range, range_refusal


def check_target(text: str, *, allow_loopback: bool) -> str:
    """Return a target in its usual spelling; ValueError says what is wrong with it."""
    text = text.strip()
    if len(text) > 64 or "%" in text:
        raise ValueError("must be an address, a range such as 192.0.2.0/24, or first-last")
    first, last = parse_range(text)
    refused = range_refusal(first, last, allow_loopback=allow_loopback)
    if refused is not None:
        where, what = refused
        whole = f"{where} is" if first == last else f"the range contains {where},"
        raise ValueError(f"{whole} {what}, which may not be scanned")
    if first == last:
        return str(first)
    return text if "/" in text else f"{first}-{last}"
