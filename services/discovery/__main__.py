"""Run discovery: `python -m services.discovery`."""

from libs.runtime.service import run_service
from libs.runtime.settings import load_settings_or_exit
from services.discovery.app import run
from services.discovery.settings import DiscoverySettings

if __name__ == "__main__":
    settings = load_settings_or_exit(DiscoverySettings)
    run_service("discovery", settings, lambda stop: run(settings, stop))
