"""`POST /v1/prices/evaluate`."""

GRADUATED = {
    "type": "graduated",
    "tiers": [
        {"up_to": "10000000", "unit": "0.0000005"},
        {"up_to": None, "unit": "0.0000003"},
    ],
}


async def test_amount_exact_and_trace(post):
    question = {"currency": "USD", "price": GRADUATED, "quantity": "22361730"}
    assert await post("/v1/prices/evaluate", question) == {
        "amount": "8.71",
        "exact": "8.708519",
        "trace": [
            {
                "label": "up to 10,000,000",
                "quantity": "10000000",
                "unit": "0.0000005",
                "amount": "5",
            },
            {
                "label": "above 10,000,000",
                "quantity": "12361730",
                "unit": "0.0000003",
                "amount": "3.708519",
            },
        ],
    }


AMOUNTS = [
    ("USD", {"type": "flat", "amount": "49"}, "0", "49.00"),
    ("JPY", {"type": "flat", "amount": "49.5"}, "1", "50"),
    ("KWD", {"type": "per_unit", "unit": "0.0005"}, "1", "0.001"),
    ("USD", {"type": "package", "size": "1000", "amount": "0.25"}, "19366", "5.00"),
    ("USD", {"type": "per_unit", "unit": 0.1}, "3", "0.30"),
    ("USD", {"type": "per_unit", "unit": "1", "minimum": "5"}, "3", "5.00"),
]


async def test_amounts_have_the_currencys_digits(post, subtests):
    for currency, price, quantity, amount in AMOUNTS:
        with subtests.test(currency=currency, price=price):
            question = {"currency": currency, "price": price, "quantity": quantity}
            assert (await post("/v1/prices/evaluate", question))["amount"] == amount


async def test_events(post):
    question = {"currency": "USD", "price": {"type": "dynamic"}, "events": ["10", "80"]}
    assert (await post("/v1/prices/evaluate", question))["amount"] == "90.00"


UNIT = {"type": "per_unit", "unit": "1"}


BAD_QUESTIONS = [
    ({"currency": "EURO", "price": UNIT, "quantity": "1"}, "unknown_currency", "currency"),
    (
        {"currency": "USD", "price": {**UNIT, "currency": "EUR"}, "quantity": "1"},
        "currency_mismatch",
        "price.currency",
    ),
    ({"currency": "USD", "price": UNIT}, "quantity_required", "quantity"),
    ({"currency": "USD", "price": UNIT, "quantity": "-1"}, "negative_quantity", "quantity"),
    ({"currency": "USD", "price": UNIT, "quantity": "1e3"}, "invalid_decimal", "quantity"),
    (
        {"currency": "USD", "price": UNIT, "quantity": "1", "events": ["1"]},
        "quantity_or_events",
        "events",
    ),
    ({"currency": "USD", "price": {"type": "dynamic"}}, "events_required", "events"),
    (
        {"currency": "USD", "price": {"type": "dynamic"}, "events": ["1", "-1"]},
        "negative_quantity",
        "events.1",
    ),
    (
        {"currency": "USD", "price": {"type": "dynamic"}, "events": ["1", "x"]},
        "invalid_decimal",
        "events.1",
    ),
    ({"currency": "USD", "price": {"type": "?"}, "quantity": "1"}, "invalid_price", "price"),
    ({"price": UNIT, "quantity": "1"}, "missing_field", "currency"),
]


async def test_bad_questions(api, is_problem, subtests):
    for question, code, field in BAD_QUESTIONS:
        with subtests.test(question=question):
            is_problem(await api.post("/v1/prices/evaluate", json=question), 422, code, field)


async def test_the_largest_numbers_stay_exact(post):
    largest = "9" * 20 + "." + "9" * 30
    price = {"type": "per_unit", "unit": largest}
    answer = await post(
        "/v1/prices/evaluate", {"currency": "USD", "price": price, "quantity": largest}
    )
    assert answer["exact"].replace(".", "") == str((10**50 - 1) ** 2)


async def test_json_needs_no_content_type(api):
    content = b'{"currency": "USD", "price": {"type": "flat", "amount": "1"}, "quantity": "1"}'
    answer = await api.post("/v1/prices/evaluate", content=content)
    assert answer.json()["amount"] == "1.00"


async def test_a_body_that_is_no_json_object_is_told_so(api, is_problem):
    for content_type, content in [("text/plain", b"{}"), ("application/json", b"[]")]:
        answer = await api.post(
            "/v1/prices/evaluate", content=content, headers={"Content-Type": content_type}
        )
        is_problem(answer, 422, "invalid_value", "body")
        assert "application/json" in answer.json()["detail"]
