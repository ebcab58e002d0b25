"""The routes of invoices."""

from atlas_hub_stripe.sandbox.invoices.close import mark_uncollectible, send, void
from atlas_hub_stripe.sandbox.invoices.finalize import FINALIZE, finalize
from atlas_hub_stripe.sandbox.invoices.pay import PAY, pay
from atlas_hub_stripe.sandbox.invoices.read import LIST, lines_of, listed, retrieve
from atlas_hub_stripe.sandbox.invoices.write import CREATE, UPDATE, create, delete, update
from atlas_hub_stripe.sandbox.params import EXPAND, PAGE
from atlas_hub_stripe.sandbox.routes import Route

ROUTES = [
    Route("POST", "/v1/invoices", CREATE, create),
    Route("GET", "/v1/invoices", LIST, listed),
    Route("GET", "/v1/invoices/{invoice}", EXPAND, retrieve),
    Route("POST", "/v1/invoices/{invoice}", UPDATE, update),
    Route("DELETE", "/v1/invoices/{invoice}", {}, delete),
    Route("GET", "/v1/invoices/{invoice}/lines", PAGE, lines_of),
    Route("POST", "/v1/invoices/{invoice}/finalize", FINALIZE, finalize),
    Route("POST", "/v1/invoices/{invoice}/pay", PAY, pay),
    Route("POST", "/v1/invoices/{invoice}/send", EXPAND, send),
    Route("POST", "/v1/invoices/{invoice}/void", EXPAND, void),
    Route("POST", "/v1/invoices/{invoice}/mark_uncollectible", EXPAND, mark_uncollectible),
]
