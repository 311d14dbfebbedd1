"""Run the api: `python -m services.api`."""

from libs.runtime.service import run_service
from libs.runtime.settings import load_settings_or_exit
from services.api.app import run
from services.api.settings import ApiSettings

if __name__ == "__main__":
    settings = load_settings_or_exit(ApiSettings)
    run_service("api", settings, lambda stop: run(settings, stop))
