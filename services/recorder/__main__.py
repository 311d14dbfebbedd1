"""Run the recorder: `python -m services.recorder`."""

from libs.runtime.service import run_service
from libs.runtime.settings import load_settings_or_exit
from services.recorder.app import run
from services.recorder.settings import RecorderSettings

if __name__ == "__main__":
    settings = load_settings_or_exit(RecorderSettings)
    run_service("recorder", settings, lambda stop: run(settings, stop))
