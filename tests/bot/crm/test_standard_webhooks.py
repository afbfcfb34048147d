"""Tests of signatures: those that count, and everything else that strangers may send."""

import base64

import pytest

from bot.crm.provider import Account, Request, SignatureError
from bot.crm.standard_webhooks import TOLERANCE, new_secret, signature, verify

# The published example of the Standard Webhooks libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIMESTAMP = b"msg_p5jXN8AQM9LWM0D4loKWxJek", b"1614265330"
BODY = b'{"test": 2432232314}'
SIGNATURE = b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

WALL = 1614265330.0
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes.....!").decode()
SECRETS = Account((SECRET,), "a-token-of-this-connection")

GOOD = {b"webhook-id": ID, b"webhook-timestamp": TIMESTAMP, b"webhook-signature": SIGNATURE}


def checked(
    headers: dict[bytes, bytes] | None = None,
    *,
    body: bytes = BODY,
    secrets: Account = SECRETS,
    wall: float = WALL,
) -> str | None:
    """The id of a request that is let in."""
    return verify(Request(GOOD if headers is None else headers, body), secrets, wall)


def refused(headers: dict[bytes, bytes] | None = None, **how: object) -> str:
    """Why a request is not let in."""
    with pytest.raises(SignatureError) as caught:
        checked(headers, **how)  # type: ignore[arg-type]
    return str(caught.value)


def with_header(name: bytes, value: bytes) -> dict[bytes, bytes]:
    """The good request with one header changed."""
    return {**GOOD, name: value}


def test_the_published_example_is_signed_the_same() -> None:
    assert signature(SECRET, ID, TIMESTAMP, BODY) == SIGNATURE


def test_the_published_example_is_let_in() -> None:
    assert checked() == ID.decode()


def test_a_secret_counts_with_and_without_its_prefix() -> None:
    assert checked(secrets=Account((SECRET.removeprefix("whsec_"),), "")) == ID.decode()


def test_a_secret_that_is_not_base64_is_taken_as_it_is() -> None:
    secret = "not base64 at all!"
    signed = with_header(b"webhook-signature", signature(secret, ID, TIMESTAMP, BODY))
    assert checked(signed, secrets=Account((secret,), "")) == ID.decode()


@pytest.mark.parametrize("signing", [(SECRET, OTHER), (OTHER, SECRET)], ids=["newest", "older"])
def test_each_of_several_secrets_counts_while_they_rotate(signing: tuple[str, ...]) -> None:
    assert checked(secrets=Account(signing, "")) == ID.decode()


def test_one_good_signature_among_others_is_enough() -> None:
    among = b"v1,AAAA v2,g0hM9SsE v1a,x " + SIGNATURE
    assert checked(with_header(b"webhook-signature", among)) == ID.decode()


def test_a_request_signed_with_another_secret_is_refused() -> None:
    assert "does not match" in refused(secrets=Account((OTHER,), ""))
    assert "does not match" in refused(secrets=Account((), ""))


@pytest.mark.parametrize(
    "changed",
    [
        with_header(b"webhook-id", ID + b"x"),
        with_header(b"webhook-timestamp", b"1614265331"),
        with_header(b"webhook-signature", SIGNATURE.replace(b"g0hM", b"g0hN")),
        with_header(b"webhook-signature", SIGNATURE.removeprefix(b"v1,")),
        with_header(b"webhook-signature", SIGNATURE.replace(b"v1,", b"v2,")),
        with_header(b"webhook-signature", b""),
        with_header(b"webhook-signature", b"v1,"),
        with_header(b"webhook-signature", b"v1,\xff\xfe\xfd"),
        with_header(b"webhook-signature", " v1,ü ".encode()),
        with_header(b"webhook-signature", b"v1,x " * 50 + SIGNATURE),
    ],
    ids=lambda headers: repr(headers)[-60:],
)
def test_a_changed_header_is_refused(changed: dict[bytes, bytes]) -> None:
    assert "does not match" in refused(changed)


def test_a_changed_body_is_refused_to_the_byte() -> None:
    assert "does not match" in refused(body=BODY + b" ")
    assert "does not match" in refused(body=b"")


@pytest.mark.parametrize("off", [TOLERANCE, -TOLERANCE])
def test_a_timestamp_five_minutes_off_is_let_in(off: int) -> None:
    assert checked(wall=WALL + off) == ID.decode()


@pytest.mark.parametrize("off", [TOLERANCE + 1, -TOLERANCE - 1, 10**9])
def test_a_timestamp_further_off_is_refused_either_way(off: int) -> None:
    assert "more than five minutes off" in refused(wall=WALL + off)


@pytest.mark.parametrize(
    "timestamp",
    [
        b"", b"now", b"-1614265330", b"+1614265330", b"1614265330.0", b"1_614_265_330", b" 1",
        b"\xff", b"9" * 5000, "١٦١٤٢٦٥٣٣٠".encode(), b"1614265330\n", b"0x60", b"NaN",
    ],
)  # fmt: skip
def test_a_timestamp_that_is_no_number_of_seconds_is_refused(timestamp: bytes) -> None:
    assert "whole seconds since 1970" in refused(with_header(b"webhook-timestamp", timestamp))


@pytest.mark.parametrize("id", [b"", b"a b", b"a\nb", b"\xff", "é".encode(), b"\0", b"x" * 256])
def test_an_id_that_is_not_visible_ascii_is_refused(id: bytes) -> None:
    assert "1 to 255 visible ASCII" in refused(with_header(b"webhook-id", id))


def test_without_a_timestamp_or_an_id_a_signature_does_not_count() -> None:
    for name in (b"webhook-id", b"webhook-timestamp"):
        refused({key: value for key, value in GOOD.items() if key != name})


def test_without_a_signature_and_a_token_it_is_said_what_is_missing() -> None:
    told = refused({})
    assert "webhook-id, webhook-timestamp, webhook-signature" in told
    assert "Authorization: Bearer" in told


# For tools that cannot sign


def bearing(token: bytes, **more: bytes) -> dict[bytes, bytes]:
    """A request with a token instead of a signature."""
    named = {name.replace("_", "-").encode(): value for name, value in more.items()}
    return {b"authorization": token, **named}


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER  "])
def test_the_connections_token_is_let_in(scheme: bytes) -> None:
    assert checked(bearing(scheme + b"a-token-of-this-connection")) is None


def test_with_a_token_an_id_may_be_given_and_a_bad_one_is_left_aside() -> None:
    token = b"Bearer a-token-of-this-connection"
    assert checked(bearing(token, webhook_id=b"zap-1")) == "zap-1"
    assert checked(bearing(token, webhook_id=b"\xff\0")) is None


@pytest.mark.parametrize(
    "token",
    [
        b"Bearer another-token",
        b"Bearer ",
        b"Bearer",
        b"Bearer \xff\xfe",
        b"Bearer a-token-of-this-connection-and-more",
        b"Basic a-token-of-this-connection",
        b"a-token-of-this-connection",
    ],
)
def test_any_other_token_is_refused(token: bytes) -> None:
    refused(bearing(token))


def test_no_token_is_not_the_token_of_a_connection_without_one() -> None:
    assert "not this connection's" in refused(bearing(b"Bearer "), secrets=Account((SECRET,), ""))


def test_a_token_does_not_save_a_bad_signature() -> None:
    headers = {**GOOD, b"authorization": b"Bearer a-token-of-this-connection"}
    assert "does not match" in refused({**headers, b"webhook-signature": b"v1,AAAA"})


def test_a_new_secret_is_32_random_bytes_in_the_standards_form() -> None:
    secret = new_secret(lambda count: bytes(range(count)))
    assert secret.startswith("whsec_")
    assert base64.b64decode(secret.removeprefix("whsec_")) == bytes(range(32))
