"""The currencies of ISO 4217 and how many decimals each has."""

from __future__ import annotations

from types import MappingProxyType

from atlas_hub_core.errors import InvalidInput

_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG
HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED
VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"

CURRENCY_DIGITS = MappingProxyType(
    dict.fromkeys(_TWO.split(), 2)
    | dict.fromkeys(_NONE.split(), 0)
    | dict.fromkeys(_THREE.split(), 3)
)
"""Decimals of each currency that people pay in; funds and precious metals are left out."""


def digits_of(currency: str) -> int:
    """Return how many decimals a currency has.

    Raises:
        InvalidInput: With code `unknown_currency`.
    """
    digits = CURRENCY_DIGITS.get(currency)
    if digits is None:
        raise InvalidInput(
            f"{currency!r} is no currency of ISO 4217. Use its three capital letters, such as USD.",
            code="unknown_currency",
            field="currency",
        )
    return digits
