"""All metrics of discovery."""

from prometheus_client import Counter, Gauge

SCANS = Counter("everframe_discovery_scans_total", "Scans by how they ended", ["outcome"])
DEVICES_FOUND = Counter(
    "everframe_discovery_devices_found_total", "Devices that scans have found", ["driver"]
)
OUT_OF_SOCKETS = Counter(
    "everframe_discovery_sockets_exhausted_total",
    "Times that a scan had to wait because the system gave out no more sockets",
)
PROBES = Counter(
    "everframe_discovery_probes_total", "Answered probes by what came out", ["kind", "outcome"]
)
HEALTH_CHECKS = Counter(
    "everframe_discovery_health_checks_total",
    "Camera checks by what was found and how it is known",
    ["state", "proof"],
)
CAMERAS = Gauge("everframe_discovery_cameras", "Watched cameras by state", ["state"])
DEVICES = Gauge(
    "everframe_discovery_devices",
    "Registered devices, by whether the last look at them succeeded",
    ["outcome"],
)
LEADS = Gauge("everframe_discovery_leads", "1 while this instance watches the site's devices")
DEVICE_LOOKS = Counter(
    "everframe_discovery_device_looks_total", "Looks at registered devices by outcome", ["outcome"]
)
LATE_WRITES = Counter(
    "everframe_discovery_write_retries_total",
    "Results that had to wait because the bus was away",
    ["bucket"],
)
