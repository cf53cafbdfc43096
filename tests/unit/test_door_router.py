import pytest

from gateway.door.errors import MethodNotAllowed, NotFound
from gateway.door.router import Router


def a_router() -> Router[str]:
    router: Router[str] = Router()
    router.add("POST", "/v1/payments", "create")
    router.add("POST", "/v1/payments/cancel", "cancel by order")
    router.add("GET", "/v1/payments/{payment_id}", "get")
    router.add("POST", "/v1/payments/{payment_id}/refunds", "refund")
    return router


def test_parameters_are_taken_from_the_path() -> None:
    assert a_router().find("GET", "/v1/payments/pay_1") == ("get", {"payment_id": "pay_1"})
    assert a_router().find("POST", "/v1/payments/p%61y/refunds") == ("refund", {"payment_id": "pay"})


def test_a_fixed_name_wins_and_its_other_methods_are_still_the_parameters() -> None:
    assert a_router().find("POST", "/v1/payments/cancel") == ("cancel by order", {})
    assert a_router().find("GET", "/v1/payments/cancel") == ("get", {"payment_id": "cancel"})


def test_another_method_is_told_which_there_are() -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        a_router().find("PUT", "/v1/payments/cancel")
    assert refused.value.allowed == ("GET", "POST")


@pytest.mark.parametrize(
    "path", ["/", "", "/v1", "/v1/payments/", "//v1/payments", "/v1/payments/a%2fb", "/v1/payments/%00", "*"]
)
def test_other_paths_are_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        a_router().find("POST", path)


def test_declaring_a_path_twice_is_a_mistake() -> None:
    with pytest.raises(AssertionError):
        a_router().add("POST", "/v1/payments", "again")
