"""HTTP authentication: challenges in all shapes, and the answers of the RFCs."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.devices import FailureReason
from libs.devices.driver import Login
from libs.devices.errors import DeviceError
from libs.devices.http_login import Authorizer, is_stale, parse_challenges

LOGIN = Login("Mufasa", "Circle Of Life")
REALM = 'realm="testrealm@host.com"'
NONCE = 'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'


def fields_of(header: str) -> dict[str, str]:
    return {
        name: quoted or plain
        for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', header)
    }


def md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()


def test_several_challenges_come_in_one_header_or_in_many():
    one = parse_challenges([f'Basic realm="a, b", Digest {REALM},{NONCE} , qop="auth,auth-int"'])
    many = parse_challenges(['Basic realm="a, b"', f'digest {REALM}, {NONCE}, QOP="auth,auth-int"'])

    assert one == many
    assert [challenge.scheme for challenge in one] == ["basic", "digest"]
    assert one[1].fields["qop"] == "auth,auth-int"


def test_the_answer_without_qop_is_that_of_rfc_2069():
    authorizer = Authorizer(LOGIN)
    authorizer.take([f"Digest {REALM}, {NONCE}"])

    fields = fields_of(authorizer.header("GET", "/dir/index.html"))

    assert fields["response"] == "670fd8c2df070c60b045671b8b24ff02"
    assert "qop" not in fields
    assert "algorithm" not in fields


@pytest.mark.parametrize("qop", ['qop="auth"', "qop=auth", 'qop="auth-int, auth"', 'qop="AUTH"'])
def test_the_answer_with_qop_counts_and_covers_the_query(qop):
    authorizer = Authorizer(LOGIN)
    authorizer.take([f'Digest {REALM}, {NONCE}, {qop}, opaque="o", algorithm=MD5'])

    for count in ("00000001", "00000002"):
        fields = fields_of(authorizer.header("GET", "/x?y=1"))
        assert fields["nc"] == count
        assert fields["uri"] == "/x?y=1"
        assert fields["opaque"] == "o"
        assert fields["response"] == md5(
            md5("Mufasa", "testrealm@host.com", "Circle Of Life"),
            fields["nonce"],
            count,
            fields["cnonce"],
            "auth",
            md5("GET", "/x?y=1"),
        )


def test_a_session_algorithm_hashes_the_nonces_too():
    authorizer = Authorizer(LOGIN)
    authorizer.take([f'Digest {REALM}, {NONCE}, qop="auth", algorithm=MD5-sess'])

    fields = fields_of(authorizer.header("GET", "/"))

    account = md5("Mufasa", "testrealm@host.com", "Circle Of Life")
    assert fields["response"] == md5(
        md5(account, fields["nonce"], fields["cnonce"]),
        fields["nonce"],
        "00000001",
        fields["cnonce"],
        "auth",
        md5("GET", "/"),
    )


def test_sha_256_is_answered_as_rfc_7616_has_it():
    authorizer = Authorizer(LOGIN)
    authorizer.take([f'Digest {REALM}, {NONCE}, algorithm=SHA-256, qop="auth"'])

    fields = fields_of(authorizer.header("GET", "/"))

    assert fields["algorithm"] == "SHA-256"
    assert len(fields["response"]) == 64


def test_of_several_digests_the_one_that_devices_get_right_is_taken():
    authorizer = Authorizer(LOGIN)
    authorizer.take([f"Digest {REALM}, {NONCE}, algorithm=SHA-256", f"Digest {REALM}, {NONCE}"])

    assert len(fields_of(authorizer.header("GET", "/"))["response"]) == 32


def test_basic_is_used_where_nothing_else_is_offered_and_never_before():
    authorizer = Authorizer(Login("Aladdin", "open sesame"))
    authorizer.take(['Basic realm="x"'])

    assert authorizer.header("GET", "/") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert authorizer.repeated("GET", "/") is None


@pytest.mark.parametrize(
    ("challenges", "reason"),
    [
        ([], FailureReason.PROTOCOL),
        ([""], FailureReason.PROTOCOL),
        (["Negotiate"], FailureReason.UNSUPPORTED),
        (['Digest realm="x"'], FailureReason.UNSUPPORTED),
        ([f"Digest {NONCE}", 'Basic realm="x"'], FailureReason.UNSUPPORTED),
        ([f'Digest {REALM}, {NONCE}, qop="auth-int"'], FailureReason.UNSUPPORTED),
        ([f"Digest {REALM}, {NONCE}, algorithm=MD2"], FailureReason.UNSUPPORTED),
    ],
)
def test_what_cannot_be_answered_is_no_rejection(challenges, reason):
    with pytest.raises(DeviceError) as raised:
        Authorizer(LOGIN).take(challenges)

    assert raised.value.reason is reason


def test_stale_is_a_claim_of_the_server():
    assert is_stale([f"Digest {REALM}, {NONCE}, stale=TRUE"])
    assert is_stale(['Digest stale="true"'])
    assert not is_stale([f"Digest {REALM}, {NONCE}, stale=false"])
    assert not is_stale([])


def test_a_user_name_cannot_end_its_own_quotes():
    authorizer = Authorizer(Login('a", realm="b\\', "secret"))
    authorizer.take([f"Digest {REALM}, {NONCE}"])

    header = authorizer.header("GET", "/")

    assert header.startswith('Digest username="a\\", realm=\\"b\\\\", realm="testrealm@host.com"')
    assert "secret" not in header + repr(LOGIN) + repr(vars(authorizer))


@given(st.lists(st.text(alphabet='DigestBasic rno=",\\\t-é', max_size=60), max_size=3))
def test_any_challenge_is_taken_or_refused(values):
    authorizer = Authorizer(LOGIN)
    try:
        authorizer.take(values)
    except DeviceError:
        assert authorizer.nonce == ""
    else:
        assert authorizer.header("GET", "/")
