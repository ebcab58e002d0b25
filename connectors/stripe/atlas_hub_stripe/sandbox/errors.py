"""Refusals in Stripe's shape."""

from typing import Any

from atlas_hub_stripe.sandbox.objects import Object


class Refusal(Exception):
    """An answer that is not 2xx: HTTP status, error type and the optional fields of the error."""

    def __init__(
        self, message: str, *, status: int = 400, kind: str = "invalid_request_error", **extra: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: Object = {"message": message, "type": kind}
        self.error |= {name: value for name, value in extra.items() if value is not None}

    def body(self, request_id: str) -> Object:
        """The JSON body."""
        links = {"request_log_url": f"https://dashboard.stripe.com/test/logs/{request_id}"}
        if code := self.error.get("code"):
            page = str(code).replace("_", "-")
            links["doc_url"] = f"https://docs.stripe.com/error-codes/{page}"
        return {"error": self.error | links}


def missing_object(kind: str, object_id: str, param: str, *, status: int = 400) -> Refusal:
    """No object with this id: 404 where the id is in the path, 400 where it is a parameter."""
    message = f"No such {kind}: '{object_id}'"
    return Refusal(message, status=status, code="resource_missing", param=param)
