"""How an account at a vendor is linked: what is asked of a person, and what the vendor lets do.

Whatever takes more than one call is a `Talk`: a generator that yields calls and is sent their
answers. It makes none itself, so it is as pure as the rest of a provider.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from bot.crm.calls import Account, Answer, Call
from coach.errors import CoachError

T = TypeVar("T")

#: Yields calls, is sent the answer to each, and returns what came of it. It is sent any answer that
#: is final, whatever its status; see `granted`. What passes by itself is tried again before.
Talk = Generator[Call, Answer, T]


class RefusedError(CoachError):
    """The vendor does not do what was asked of it; the words say what a person can do."""


def granted(answer: Answer, asked: str) -> Answer:
    """The answer, if all is well. Raises `RefusedError` that names what was `asked`.

    `asked` completes “The CRM did not let the coach …”.
    """
    if answer.ok:
        return answer
    why = {
        401: "It does not know the credentials: copy them anew, and see that they are of this "
        "account and still valid.",
        403: "The credentials lack a permission for it.",
        404: "There is nothing at that address.",
    }.get(answer.status, "Try again later.")
    raise RefusedError(f"The CRM did not let the coach {asked} (HTTP {answer.status}). {why}")


@dataclass(frozen=True, slots=True)
class Credential:
    """Something a vendor gives a person, and the person gives us.

    It is kept sealed and found in `Account.access` under its name.
    """

    #: `api_token` is the option `--api-token` of `coach connect`. One of its options: token,
    #: api_key, api_token, client_id, client_secret, instance_url, org_id.
    name: str
    #: What the vendor's pages call it.
    label: str
    #: Where to find it there, in the words on the buttons.
    where: str
    #: Asked for without echo.
    secret: bool = True
    #: Without it the connection works too; then it is not asked for, only taken as an option.
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose account it is, as the vendor says."""

    #: What the vendor calls the account: what webhooks carry, and `Account.id` from now on.
    id: str
    #: What people call it.
    name: str = ""
    #: What else of it later calls and readings need, by names of the provider's own; added to
    #: `Account.access`.
    access: Mapping[str, str] = field(default_factory=dict)
    #: What the credentials do not allow though the coach asks for it: sentences for people.
    lacking: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the vendor has agreed to send us."""

    #: What it calls it, or each part of it: `Account.subscription` from now on.
    ids: tuple[str, ...]
    #: The signing secret, where the vendor makes it and tells it; it is the newest in
    #: `Account.signing` from now on. `None` leaves what there is.
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Subscribing:
    """Webhooks by API, where a vendor has one for them."""

    #: (account, our address) -> what is subscribed to from now on. Sees to it that all that is
    #: wanted comes to this address, whatever stood there before: called a second time it makes no
    #: second one, and it mends one that was stopped.
    subscribe: Callable[[Account, str], Talk[Subscription]]
    #: (account, our address) -> what is wrong with it, in a sentence for people; `None` when the
    #: vendor says that all is well. Asked once a day; what is wrong is mended by `subscribe`.
    look: Callable[[Account, str], Talk[str | None]]
    #: (account, our address) -> nothing comes any more. What is gone already is no error.
    unsubscribe: Callable[[Account, str], Talk[None]]


def _nothing(told: Mapping[str, object]) -> Mapping[str, str]:
    return {}


def _always(account: Account) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Renewing:
    """Access that ends and is renewed, as with OAuth."""

    #: (account, now) -> whether what there is has ended, or is about to. A 401 has it renewed too.
    due: Callable[[Account, datetime], bool]
    #: (account, now) -> what replaces entries of `Account.access`.
    renew: Callable[[Account, datetime], Talk[Mapping[str, str]]]
    #: (account) -> whether its access is of this sort; a vendor may have others beside it.
    ends: Callable[[Account], bool] = _always


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """That somebody has taken back the access they had granted, as the vendor tells it."""

    #: Of which account, and who, by the vendor's ids.
    account: str
    user: str


@dataclass(frozen=True, slots=True)
class OAuth:
    """Access that a person grants in their browser, to an app they have made at the vendor.

    The steps are the same for every vendor (RFC 6749): `bot/crm/oauth.py`.
    """

    #: What people call the vendor.
    called: str
    #: Where the person is sent, and where tokens are given. Where `--api-url` was given, the same
    #: paths there.
    authorize_url: str
    token_url: str
    #: Where the API is, for every account.
    api_url: str
    #: What the app must be allowed, each with what is not possible without it, as in “deals cannot
    #: be read”.
    scopes: Mapping[str, str]
    #: Where the client id and the client secret of the app are found, in the words on the buttons.
    where: str
    #: Where the redirect address is entered there.
    redirects: str
    #: Whether scopes are asked for in the address, too; else they are those of the app.
    asks: bool = True
    #: Whether the vendor takes a proof that who comes back is who was sent (RFC 7636).
    pkce: bool = False
    #: Whether the app's secret goes into a header of its own, and not into the body.
    basic: bool = False
    #: (what came with the tokens) -> what else of it is kept in `Account.access`.
    further: Callable[[Mapping[str, object]], Mapping[str, str]] = _nothing
    #: (the body of a DELETE to the redirect address) -> who has taken access back; raises
    #: `PayloadError`. `None` where the vendor tells nothing of it.
    withdrawal: Callable[[bytes], Withdrawal] | None = None


def no_steps(account: Account, url: str) -> Sequence[str]:
    """Nothing is to be done by hand."""
    return ()


@dataclass(frozen=True, slots=True)
class Setup:
    """How an account is linked by `coach connect`."""

    #: What a person has to give, in the order it is asked for.
    credentials: Sequence[Credential]
    #: Whose account it is: a call that changes nothing and shows that the credentials work. Raises
    #: `RefusedError`.
    probe: Callable[[Account], Talk[Identity]]
    #: Where the API is, for every account; `Account.address`, unless `--api-url` says otherwise.
    #: Empty where each account has its own, which then is one of the credentials.
    api_url: str = ""
    subscribing: Subscribing | None = None
    #: (account, our address) -> what is to be clicked at the vendor, a line each, in order, where
    #: it has no API for it; printed by `coach connect`.
    steps: Callable[[Account, str], Sequence[str]] = no_steps
    renewing: Renewing | None = None
    #: Another way than by credentials, where the vendor has it.
    oauth: OAuth | None = None
