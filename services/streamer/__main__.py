"""Run the streamer: `python -m services.streamer`."""

from libs.runtime.service import run_service
from libs.runtime.settings import load_settings_or_exit
from services.streamer.app import run
from services.streamer.settings import StreamerSettings

if __name__ == "__main__":
    settings = load_settings_or_exit(StreamerSettings)
    run_service("streamer", settings, lambda stop: run(settings, stop))
