from hypothesis import given
from hypothesis import strategies as st

from services.api.signing import LinkSigner, Signature, media_scope

NOW = 1_790_000_000.0
SIGNER = LinkSigner("k" * 32)
MAKER = "user:u1"
SCOPE = media_scope("front-door~20261120T231805123Z~7")


def check(signature: Signature, *, scope: str = SCOPE, now: float = NOW) -> bool:
    return SIGNER.is_valid(
        scope, maker=signature.by, exp=str(signature.exp), sig=signature.sig, now=now
    )


def test_link_opens_its_scope_until_it_expires():
    signature = SIGNER.sign(SCOPE, maker=MAKER, now=NOW, valid_seconds=60)

    assert check(signature, now=NOW + 60)
    assert not check(signature, now=NOW + 62)


def test_link_opens_no_other_scope_and_no_later_time():
    signature = SIGNER.sign(SCOPE, maker=MAKER, now=NOW, valid_seconds=60)

    assert not check(signature, scope=media_scope("front-door~20261120T231905123Z~7"))
    assert not check(Signature(MAKER, signature.exp + 3600, signature.sig))


def test_link_is_nobody_elses():
    signature = SIGNER.sign(SCOPE, maker=MAKER, now=NOW, valid_seconds=60)

    assert not check(Signature("user:u2", signature.exp, signature.sig))
    assert f"by={MAKER}&" in signature.query


def test_another_key_makes_other_signatures():
    signature = LinkSigner("x" * 32).sign(SCOPE, maker=MAKER, now=NOW, valid_seconds=60)

    assert not check(signature)


def test_links_of_a_playlist_that_is_read_again_are_the_same():
    links = {
        SIGNER.sign(SCOPE, maker=MAKER, now=900_000 + s, valid_seconds=600, align=True)
        for s in (10, 60, 290)
    }

    assert len(links) == 1


@given(st.text(max_size=30), st.text(max_size=60))
def test_no_made_up_signature_opens_anything(exp, sig):
    assert not SIGNER.is_valid(SCOPE, maker=MAKER, exp=exp, sig=sig, now=NOW)
