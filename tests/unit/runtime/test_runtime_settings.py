"""Settings: misspelt ones are refused, secrets are never shown."""

import re

import pytest
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from libs.runtime.settings import (
    ServiceSettings,
    SettingsError,
    StoreSettings,
    load_settings,
    load_settings_or_exit,
)
from services.recorder.settings import RecorderSettings

PREFIX = "EVERFRAME_SAMPLE_"


class SampleSettings(ServiceSettings, StoreSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX)

    door: int = Field(default=3, ge=1)
    key: SecretStr = Field(default=SecretStr(""), min_length=0, max_length=8)
    needed: str


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}NEEDED", "yes")


def test_values_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(f"{PREFIX}DOOR", "7")
    monkeypatch.setenv(f"{PREFIX}S3_BUCKET", "footage")

    settings = load_settings(SampleSettings)

    assert (settings.door, settings.s3_bucket, settings.needed) == (7, "footage", "yes")
    assert settings.nats_url == "nats://127.0.0.1:4222"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch):
    # The second base class brought the default back, by which an empty text is a value.
    monkeypatch.setenv(f"{PREFIX}DOOR", "")

    assert load_settings(SampleSettings).door == 3


@pytest.mark.parametrize("name", ["DOR", "S3_BUKET", "door_", "X"])
def test_a_misspelt_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv(PREFIX + name, "7")

    with pytest.raises(SettingsError, match=f"{PREFIX}{name}: no such setting"):
        load_settings(SampleSettings)


def test_a_misspelt_variable_in_lower_case_is_refused_too(monkeypatch: pytest.MonkeyPatch):
    # Lower-case names are read like the others, so they must be checked like the others.
    monkeypatch.setenv("everframe_sample_dor", "7")

    with pytest.raises(SettingsError, match="everframe_sample_dor: no such setting"):
        load_settings(SampleSettings)


def test_variables_of_other_services_are_none_of_ours(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EVERFRAME_OTHER_DOR", "7")

    assert load_settings(SampleSettings).door == 3


def test_every_problem_is_told_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(f"{PREFIX}NEEDED")
    monkeypatch.setenv(f"{PREFIX}DOOR", "0")
    monkeypatch.setenv(f"{PREFIX}TYPO", "1")

    with pytest.raises(SettingsError) as caught:
        load_settings(SampleSettings)

    named = re.findall(rf"^{PREFIX}(\w+): ", str(caught.value), flags=re.MULTILINE)
    assert sorted(named) == ["DOOR", "NEEDED", "TYPO"]


def test_wrong_settings_end_the_process_with_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv(f"{PREFIX}DOOR", "many")

    with pytest.raises(SystemExit) as caught:
        load_settings_or_exit(SampleSettings)

    assert caught.value.code == 2
    assert f"{PREFIX}DOOR" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["KEY", "S3_SECRET_KEY", "NATS_PASSWORD"])
def test_a_secret_is_in_no_text(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv(PREFIX + name, "hunter2")

    settings = load_settings(SampleSettings)

    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_a_secret_that_is_refused_is_not_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(f"{PREFIX}KEY", "hunter2-and-much-more")

    with pytest.raises(SettingsError) as caught:
        load_settings(SampleSettings)

    assert f"{PREFIX}KEY" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_settings_never_change():
    settings = load_settings(SampleSettings)

    with pytest.raises(ValidationError, match="frozen"):
        settings.door = 9


def test_a_command_may_run_in_the_environment_of_its_service(monkeypatch: pytest.MonkeyPatch):
    class Part(StoreSettings):
        model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    monkeypatch.setenv(f"{PREFIX}DOOR", "7")

    assert load_settings(Part, service=SampleSettings).s3_bucket == "everframe"
    with pytest.raises(SettingsError, match="NEEDED"):
        load_settings(Part)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_CAMERAS", "33"),
        ("MAX_CAMERAS", "0"),
        ("STALL_SECONDS", "0"),
        ("SPOOL_MAX_BYTES", "lots"),
        ("INSTANCE", "Upper"),
        ("UPLOAD_CONCURRENCY", "17"),
        ("LOG_LEVEL", "trace"),
        ("SITE", "a.b"),
    ],
)
def test_a_recorder_setting_out_of_bounds_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(f"EVERFRAME_RECORDER_{name}", value)

    with pytest.raises(SettingsError, match=f"EVERFRAME_RECORDER_{name}"):
        load_settings(RecorderSettings)


def test_sizes_are_written_like_people_write_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EVERFRAME_RECORDER_SPOOL_MAX_BYTES", "1.5GiB")

    assert load_settings(RecorderSettings).spool_max_bytes == 1_610_612_736
