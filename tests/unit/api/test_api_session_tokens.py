import jwt

from services.api.session_tokens import ACCESS_SECONDS, SessionTokens

KEY = "k" * 40
NOW = 1_800_000_000.0


def test_access_token_names_its_session_until_it_expires():
    tokens = SessionTokens(KEY)
    token, access = tokens.issue("s1", NOW)

    assert access.expires_at == NOW + ACCESS_SECONDS
    assert tokens.check(token, NOW) == access
    assert tokens.check(token, NOW + ACCESS_SECONDS - 1) == access
    assert tokens.check(token, NOW + ACCESS_SECONDS) is None


def test_token_of_another_key_algorithm_or_purpose_is_none():
    tokens = SessionTokens(KEY)
    claims = {"sid": "s1", "exp": int(NOW) + 600}
    aimed = claims | {"aud": "everframe-session"}

    assert tokens.check(SessionTokens("x" * 40).issue("s1", NOW)[0], NOW) is None
    assert tokens.check(jwt.encode(aimed, KEY, algorithm="HS256"), NOW) is None
    assert tokens.check(jwt.encode(aimed, "", algorithm="none"), NOW) is None
    for wrong in (
        claims,
        aimed | {"aud": "everframe-live"},
        {"aud": aimed["aud"], "sid": "s1"},
        {"aud": aimed["aud"], "exp": aimed["exp"]},
        aimed | {"exp": "soon"},
    ):
        assert tokens.check(jwt.encode(wrong, tokens._access_key, "HS256"), NOW) is None
    assert tokens.check(jwt.encode(aimed, tokens._access_key, "HS256"), NOW) is not None


def test_garbage_is_none():
    tokens = SessionTokens(KEY)

    for garbage in ("", "x", "a.b.c", "\x00", "x" * 5000, "e30.e30.e30"):
        assert tokens.check(garbage, NOW) is None


def test_successor_is_the_same_each_time_and_needs_the_key():
    tokens = SessionTokens(KEY)

    assert tokens.successor("s", "t") == tokens.successor("s", "t")
    assert len({tokens.successor("s", "t"), tokens.successor("s", "u"), "t"}) == 3
    assert tokens.successor("s", "t") != SessionTokens("x" * 40).successor("s", "t")


def test_refresh_token_tells_its_session_to_whoever_has_the_key():
    tokens = SessionTokens(KEY)
    first = tokens.new_refresh_token("s1")
    third = tokens.successor("s1", tokens.successor("s1", first))

    assert [tokens.session_of(each) for each in (first, third)] == ["s1", "s1"]
    assert SessionTokens("x" * 40).session_of(first) is None
    for wrong in ("", ".", "s1", "s2" + first[2:], first[:-1], f"{first}.", f"{first}\xe9"):
        assert tokens.session_of(wrong) is None
