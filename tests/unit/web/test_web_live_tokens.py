import jwt
import pytest

from libs.contracts.live import Rendition
from libs.web.live_tokens import InvalidToken, LiveAccess, LiveTokens

KEY = "k" * 32
NOW = 1_790_000_000.0
CLAIMS = {
    "aud": "everframe-live",
    "cam": "door",
    "site": "main",
    "jti": "0123456789abcdef",
    "sub": "admin",
    "exp": int(NOW) + 60,
    "ren": ["main", "sub"],
}


def issue(tokens: LiveTokens, **changes) -> tuple[str, LiveAccess]:
    values = {
        "camera_id": "door",
        "site": "main",
        "viewer": "admin",
        "now": NOW,
        "valid_seconds": 60,
        **changes,
    }
    return tokens.issue(**values)


def signed(claims, *, key: str = KEY, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key, algorithm=algorithm)


def test_what_is_issued_is_granted_until_it_expires():
    tokens = LiveTokens(KEY)
    token, access = issue(tokens)

    assert tokens.check(token, camera_id="door", now=NOW + 59.9) == access
    assert (access.camera_id, access.site, access.viewer) == ("door", "main", "admin")
    assert access.expires_at == int(NOW) + 60
    with pytest.raises(InvalidToken, match="expired"):
        tokens.check(token, camera_id="door", now=NOW + 60)


def test_every_token_is_another_viewer_unless_it_prolongs_one():
    tokens = LiveTokens(KEY)
    _, first = issue(tokens)
    _, second = issue(tokens)
    _, prolonged = issue(tokens, viewer_id=first.viewer_id, now=NOW + 30)

    assert first.viewer_id != second.viewer_id
    assert prolonged.viewer_id == first.viewer_id
    assert prolonged.expires_at == first.expires_at + 30


def test_only_the_renditions_that_were_named_are_granted():
    tokens = LiveTokens(KEY)
    both = frozenset({Rendition.MAIN, Rendition.SUB})
    token, access = issue(tokens, renditions=[Rendition.SUB, Rendition.MAIN])
    plain, _ = issue(tokens)

    assert access.renditions == both
    assert tokens.check(token, camera_id="door", now=NOW).renditions == both
    assert tokens.check(plain, camera_id="door", now=NOW).renditions == {Rendition.MAIN}
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["ren"] == ["main", "sub"]


def test_another_camera_is_refused():
    tokens = LiveTokens(KEY)
    token, _ = issue(tokens)

    with pytest.raises(InvalidToken, match="another camera"):
        tokens.check(token, camera_id="garage", now=NOW)


def test_hand_made_token_with_all_claims_is_what_is_issued():
    assert LiveTokens(KEY).check(signed(CLAIMS), camera_id="door", now=NOW).viewer == "admin"


@pytest.mark.parametrize(
    "token",
    [
        signed(CLAIMS, key="o" * 32),
        signed(CLAIMS, key="", algorithm="none"),
        signed(CLAIMS, key="k" * 64, algorithm="HS512"),
        signed({**CLAIMS, "aud": "everframe-playback"}),
        signed({**CLAIMS, "aud": ["everframe-live-2"]}),
        *(signed({n: v for n, v in CLAIMS.items() if n != left_out}) for left_out in CLAIMS),
        signed({**CLAIMS, "exp": "soon"}),
        signed({**CLAIMS, "ren": ["main", "huge"]}),
        signed({**CLAIMS, "ren": "main"}),
        signed({**CLAIMS, "ren": [["main"]]}),
        signed({**CLAIMS, "ren": 1}),
        signed(CLAIMS)[:-2],
        signed(CLAIMS) + "\0",
        "",
        "a.b.c",
        "ü",
    ],
)
def test_what_was_not_issued_with_this_key_for_live_is_refused(token):
    with pytest.raises(InvalidToken, match="not valid"):
        LiveTokens(KEY).check(token, camera_id="door", now=NOW)
