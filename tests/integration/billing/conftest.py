import pytest

from tests.integration.billing.shop import Shop


@pytest.fixture
def shop(api) -> Shop:
    return Shop(api)
