"""What listing stored footage counts."""

from prometheus_client import Counter, Histogram

LISTINGS = Counter(
    "everframe_discovery_listings_total",
    "Listings of stored footage by how they ended",
    ["outcome"],
)
LISTING_SECONDS = Histogram(
    "everframe_discovery_listing_seconds",
    "Time that a listing of one camera took",
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 1800),
)
FOOTAGE_FOUND = Counter(
    "everframe_discovery_footage_found_total", "Stored files that were announced"
)
