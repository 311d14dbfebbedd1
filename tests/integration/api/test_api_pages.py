from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from services.api.http import build_http
from tests.integration.api.conftest import Api


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Built pages, and beside them what must not be served."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>pages")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "live-DiwrgTda.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "way-out").symlink_to(tmp_path)
    return folder


@pytest.fixture
async def app(api: Api, folder: Path) -> ASGIApp:
    settings = api.context.settings.model_copy(update={"web_dir": folder})
    object.__setattr__(api.context, "settings", settings)
    return build_http(api.context)


def client(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api")


@pytest.mark.parametrize(
    "path", ["/", "/live", "/cameras/front-door", "/system/users", "/nowhere", "/apiary"]
)
async def test_every_address_outside_the_api_answers_the_application(app: ASGIApp, path):
    async with client(app) as browser:
        page = await browser.get(path)

    assert (page.status_code, page.text) == (200, "<!doctype html>pages")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/nowhere", "/api/v2/cameras"])
async def test_no_address_of_the_api_answers_the_application(api: Api, app: ASGIApp, path):
    async with client(app) as browser:
        stranger = await browser.get(path)
    known = await api.client.get(path)

    assert stranger.status_code == 401
    assert known.status_code == 404
    assert known.headers["content-type"] == "application/problem+json"


async def test_pages_need_no_key_load_nothing_from_elsewhere_and_are_asked_for_anew(app: ASGIApp):
    async with client(app) as browser:
        page = await browser.get("/")
        icon = await browser.get("/favicon.svg")

    assert icon.text == "<svg/>"
    for answer in (page, icon):
        policy = answer.headers["content-security-policy"].split("; ")
        assert policy[0] == "default-src 'none'"
        assert {"script-src 'self'", "media-src 'self' blob:", "frame-ancestors 'none'"} < set(
            policy
        )
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_file_with_a_hash_in_its_name_is_kept_for_ever(app: ASGIApp):
    async with client(app) as browser:
        answer = await browser.get("/assets/live-DiwrgTda.js")
        again = await browser.get(
            "/assets/live-DiwrgTda.js", headers={"if-none-match": answer.headers["etag"]}
        )
        missing = await browser.get("/assets/live-AAAAAAAA.js")

    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert again.status_code == 304
    assert missing.status_code == 404
    assert "immutable" not in missing.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/..%5csecret.txt",
        "/way-out/secret.txt",
        "/index.html%00.txt",
        "/" + "x" * 300,
    ],
)
async def test_no_path_leads_out_of_the_folder(app: ASGIApp, path):
    async with client(app) as browser:
        url = httpx.URL("http://api").copy_with(raw_path=path.encode())
        answer = await browser.get(url)

    assert answer.status_code == 404 or answer.text == "<!doctype html>pages"
    assert answer.text != "secret"


async def test_pages_are_only_read(app: ASGIApp):
    async with client(app) as browser:
        answers = [await browser.request(m, "/index.html") for m in ("POST", "PUT", "DELETE")]

    assert [answer.status_code for answer in answers] == [405, 405, 405]


async def test_pages_that_are_not_built_say_how_to_build_them(api: Api, folder: Path, app: ASGIApp):
    folder.rename(folder.parent / "elsewhere")

    async with client(app) as browser:
        answer = await browser.get("/")
        (folder.parent / "elsewhere").rename(folder)
        built = await browser.get("/")

    assert answer.status_code == 503
    assert "make web" in answer.text
    assert built.status_code == 200


async def test_wrong_method_of_a_route_is_still_told_as_such(api: Api):
    answer = await api.client.put("/api/v1/version")

    assert answer.status_code == 405
