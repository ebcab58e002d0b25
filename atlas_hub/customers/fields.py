"""What is checked of a customer's fields."""

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from atlas_hub.http.bodies import Amount, NotAnId
from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.zones import zone_named

HUNDRED: Final = Decimal(100)


def _time_zone(name: str) -> str:
    try:
        return zone_named(name).key
    except InvalidInput as error:
        raise ValueError(error) from error


def _percent(rate: Decimal) -> Decimal:
    if not 0 <= rate <= HUNDRED:
        message = "must be a percentage from 0 to 100, such as 19 for 19 %"
        raise ValueError(message)
    return rate


ExternalId = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), NotAnId
]
"""What the customer is called elsewhere; usable wherever its id is."""

TimeZone = Annotated[
    str, AfterValidator(_time_zone), Field(max_length=64, examples=["Europe/Berlin"])
]
"""Name of an IANA time zone."""

Percent = Annotated[Amount, AfterValidator(_percent)]
"""A percentage from 0 to 100."""

Attributes = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=100)],
        Annotated[str, StringConstraints(max_length=1000)],
    ],
    Field(max_length=50, description="Texts of your own, up to 50."),
]

Role = Literal["billing", "technical", "other"]
