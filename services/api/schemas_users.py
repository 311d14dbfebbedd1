"""What the API takes and gives about users, sessions and API keys."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from libs.contracts.ids import CameraId
from libs.contracts.times import UtcTime
from services.api.access import Permission, Role
from services.api.schemas import Model, _no_controls

GroupId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
UserName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64),
    AfterValidator(_no_controls),
]


def _is_text(value: SecretStr) -> SecretStr:
    """JSON can hold half a character, which cannot be encoded and so cannot be hashed."""
    try:
        value.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("must be text") from None
    return value


Password = Annotated[SecretStr, Field(max_length=256), AfterValidator(_is_text)]
UserId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
SessionId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
MOST_GRANTS = 1000


class SignIn(Model):
    """Who wants to sign in."""

    name: UserName = Field(examples=["admin"])
    password: Password = Field(examples=["correct horse battery staple"])


class Me(Model):
    """Who asks, and what they may do."""

    kind: Literal["user", "key"]
    id: str
    """The user's id, or the first characters of the key."""
    name: str
    role: Role | None
    """Of a user."""
    permissions: list[Permission]
    all_cameras: bool
    """Whether every camera may be seen, also those that will be added."""
    session_id: str | None
    expires_at: UtcTime | None
    """When the access token ends: `POST /session/refresh` before. Null for a key."""


class PasswordChange(Model):
    """Another password for oneself."""

    current: Password
    new: Password
    """At least 10 characters, and not the name."""


class Grants(Model):
    """Which cameras may be seen."""

    all_cameras: bool = False
    """Every camera, also those that will be added."""
    camera_ids: list[CameraId] = Field(
        default=[], max_length=MOST_GRANTS, examples=[["front-door"]]
    )
    group_ids: list[GroupId] = Field(default=[], max_length=MOST_GRANTS, examples=[["entrance"]])
    """Every camera of these groups, also those that will be put into them."""


class UserCreate(Grants):
    """A new user."""

    name: UserName = Field(examples=["carol"])
    role: Role
    password: Password | None = None
    """At least 10 characters, and not the name. Left out: one is made and shown once."""

    @model_validator(mode="after")
    def _admins_see_everything(self) -> Self:
        if self.role is Role.ADMIN and not self.all_cameras:
            raise ValueError("an admin sees all cameras: send `all_cameras` true")
        return self


class UserPatch(Model):
    """What to change of a user; what is left out stays."""

    name: UserName | None = None
    role: Role | None = None
    all_cameras: bool | None = None
    camera_ids: list[CameraId] | None = Field(default=None, max_length=MOST_GRANTS)
    group_ids: list[GroupId] | None = Field(default=None, max_length=MOST_GRANTS)
    disabled: bool | None = None
    """True ends all sessions and lets nobody sign in."""


class UserView(Model):
    """A user."""

    user_id: str
    name: str
    role: Role
    all_cameras: bool
    camera_ids: list[str]
    group_ids: list[str]
    created_at: UtcTime
    last_sign_in_at: UtcTime | None
    disabled_at: UtcTime | None


class UserCreated(Model):
    """A new user, and the password where one was made."""

    user: UserView
    password: str | None
    """Shown this once."""


class NewPassword(Model):
    """A password that was made."""

    password: str
    """Shown this once."""


class SessionView(Model):
    """Somebody's browser that is signed in."""

    session_id: str
    user_id: str
    user_name: str
    created_at: UtcTime
    last_used_at: UtcTime
    """To the minute."""
    expires_at: UtcTime
    """Unless it is used again before."""
    address: str
    user_agent: str
    current: bool
    """Whether this request came by it."""


class SessionsQuery(Model):
    """Whose sessions to list."""

    user_id: UserId | None = None
    """Left out: everybody's that one may see."""


class KeyCreate(Grants):
    """A new API key."""

    name: UserName = Field(examples=["doorbell"])
    permissions: list[Permission] = Field(min_length=1, max_length=len(Permission))


class KeyView(Model):
    """An API key, without the key."""

    prefix: str
    """Its first characters."""
    name: str
    permissions: list[Permission]
    all_cameras: bool
    camera_ids: list[str]
    group_ids: list[str]
    created_at: UtcTime
    created_by: str
    last_used_at: UtcTime | None
    """To the minute."""


class KeyCreated(KeyView):
    """A new API key."""

    key: str
    """Shown this once."""
