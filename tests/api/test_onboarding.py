from collections.abc import AsyncIterator

import pytest

from tests.bank import TERMS, Bank, declared, open_bank
from tests.onboarded import a_company


@pytest.fixture
async def bank(database_url: str) -> AsyncIterator[Bank]:
    async with open_bank(database_url) as opened:
        yield opened


async def test_a_stranger_becomes_a_partner_with_a_store_and_a_terminal(bank: Bank) -> None:
    person, merchant_id = await bank.partner()
    merchant = (await person.get(f"/v1/merchants/{merchant_id}")).body
    assert (merchant["status"], merchant["short_name"], merchant["parent_id"]) == (
        "active",
        "鹏城百货",
        None,
    )
    store = await person.post(
        f"/v1/merchants/{merchant_id}/stores",
        {"name": "南山店", "area_code": "440305", "address": "深南大道9678号"},
    )
    assert store.status == 201
    terminal = await person.post(f"/v1/stores/{store.body['id']}/terminals", {"label": "收银台 1"})
    assert terminal.status == 201
    assert (await person.get(f"/v1/terminals/{terminal.body['id']}")).body == terminal.body
    listed = (await person.get(f"/v1/stores/{store.body['id']}/terminals")).body
    assert listed == {"items": [terminal.body], "next": None}
    listed = (await person.get(f"/v1/merchants/{merchant_id}/stores?limit=1")).body
    assert listed == {"items": [store.body], "next": None}


async def test_a_repeated_application_is_the_same_client_even_after_approval(bank: Bank) -> None:
    person = bank.stranger()
    body = {"kind": "mall", "jwk": person.key.public_jwk, **declared(a_company())}
    first = await person.post("/v1/applications", body, key="once")
    again = await person.post("/v1/applications", body, key="once")
    assert again.body == first.body
    assert (first.replayed, again.replayed) == (False, True)
    person.client_id, application_id = first.body["client_id"], first.body["application"]["id"]
    await person.sign_in()
    await person.show_papers(application_id)
    await person.post(f"/v1/applications/{application_id}/submit")
    await bank.approve(application_id)
    person.token = None
    later = await person.post("/v1/applications", body, key="once")
    assert (later.body["client_id"], later.body["key_id"]) == (
        first.body["client_id"],
        first.body["key_id"],
    )
    assert later.body["application"]["status"] == "active"


async def test_a_draft_is_filled_step_by_step_and_told_all_its_faults(bank: Bank) -> None:
    person, application_id = await bank.applicant(mcc=None, settlement=None)
    path = f"/v1/applications/{application_id}"
    found = (await person.post(f"{path}/precheck")).body
    assert not found["passes"]
    assert {fault["pointer"] for fault in found["faults"]} == {"/mcc", "/settlement"}
    refused = await person.post(f"{path}/submit")
    assert (refused.status, refused.code) == (422, "application_faulty")
    assert refused.body["errors"] == found["faults"]
    company = declared(a_company())
    changed = await person.call(
        "PATCH", path, {"mcc": "5411", "settlement": company["settlement"], "online": None}
    )
    assert changed.status == 200, changed.body
    assert changed.body["online"] is None
    assert (await person.post(f"{path}/precheck")).body == {"passes": True, "faults": []}
    submitted = await person.post(f"{path}/submit", key="submit")
    assert submitted.body["status"] == "submitted"
    assert (await person.post(f"{path}/submit", key="submit")).replayed
    refused = await person.call("PATCH", path, {"mcc": "5812"})
    assert (refused.status, refused.code) == (409, "application_cannot_move")
    assert refused.body["application_status"] == "submitted"


async def test_what_is_shown_is_masked_and_cannot_be_sent_back(bank: Bank) -> None:
    person, application_id = await bank.applicant()
    shown = (await person.get(f"/v1/applications/{application_id}")).body
    company = a_company()
    assert company.settlement is not None
    assert company.settlement.account_number not in str(shown)
    assert shown["settlement"]["account_number"] == "****0001"
    for section in ("legal_representative", "owners", "contact", "settlement"):
        refused = await person.call("PATCH", f"/v1/applications/{application_id}", {section: shown[section]})
        assert refused.status == 400, section
        assert all(fault["pointer"].startswith(f"/{section}") for fault in refused.body["errors"])
    for name in ("status", "merchant_id", "id", "reason", "kind"):
        refused = await person.call("PATCH", f"/v1/applications/{application_id}", {name: shown[name]})
        assert (refused.status, refused.body["errors"][0]["code"]) == (400, "unknown_field")
    assert (await person.get(f"/v1/applications/{application_id}")).body == shown


async def test_the_reviewer_is_not_the_approver_whatever_the_roles(bank: Bank) -> None:
    person, application_id = await bank.applicant()
    await person.post(f"/v1/applications/{application_id}/submit")
    path = f"/admin/v1/applications/{application_id}"
    await bank.approver.post(f"{path}/take")
    refused = await bank.approver.post(f"{path}/approve", {"terms": TERMS})
    assert (refused.status, refused.code) == (403, "same_person")
    refused = await bank.reviewer.post(f"{path}/approve", {"terms": TERMS})
    assert (refused.status, refused.code) == (403, "insufficient_role")
    assert (await bank.reviewer.get(path)).body["application"]["status"] == "under_review"


async def test_the_approver_confirms_the_terms_the_reviewer_set(bank: Bank) -> None:
    person, application_id = await bank.applicant()
    await person.post(f"/v1/applications/{application_id}/submit")
    path = f"/admin/v1/applications/{application_id}"
    await bank.reviewer.post(f"{path}/take")
    limit = {"amount_minor": 500000, "currency": "CNY"}
    terms = {"fee_basis_points": 25, "payment_limit": limit}
    refused = await bank.reviewer.call(
        "PUT", f"{path}/terms", {**terms, "payment_limit": {**limit, "currency": "USD"}}
    )
    assert (refused.status, refused.code) == (422, "limit_in_another_currency")
    assert (await bank.reviewer.call("PUT", f"{path}/terms", terms)).body["terms"] == terms
    refused = await bank.approver.post(f"{path}/approve", {"terms": TERMS})
    assert (refused.status, refused.code) == (409, "terms_changed")
    approved = await bank.approver.post(f"{path}/approve", {"terms": terms})
    assert approved.body["application"]["status"] == "active"
    await person.sign_in()
    merchant_id = approved.body["application"]["merchant_id"]
    merchant = (await person.get(f"/v1/merchants/{merchant_id}")).body
    assert (merchant["fee_basis_points"], merchant["payment_limit"]) == (25, limit)


async def test_a_question_and_a_rejection_reach_the_applicant_with_their_reason(bank: Bank) -> None:
    person, application_id = await bank.applicant()
    mine, case = f"/v1/applications/{application_id}", f"/admin/v1/applications/{application_id}"
    await person.post(f"{mine}/submit")
    queue = (await bank.reviewer.get("/admin/v1/applications")).body["items"]
    assert [one["id"] for one in queue] == [application_id]
    await bank.reviewer.post(f"{case}/take")
    await bank.reviewer.post(f"{case}/ask", {"reason": "Which entrance?"})
    asked = (await person.get(mine)).body
    assert (asked["status"], asked["reason"]) == ("needs_more_info", "Which entrance?")
    await person.call("PATCH", mine, {"city": "Guangzhou"})
    await person.post(f"{mine}/submit")
    await bank.reviewer.post(f"{case}/take")
    rejected = await bank.reviewer.post(f"{case}/reject", {"reason": "No such place"})
    assert rejected.body["application"]["status"] == "rejected"
    refused = await person.post(f"{mine}/withdraw", {"reason": "too late"})
    assert refused.code == "application_cannot_move"


async def test_a_mall_applies_for_tenants_and_runs_their_stores(bank: Bank) -> None:
    mall, mall_id = await bank.partner("mall")
    draft = await mall.post(f"/v1/merchants/{mall_id}/applications", declared(a_company()))
    assert (draft.status, draft.body["kind"]) == (201, "tenant")
    await mall.post(f"/v1/applications/{draft.body['id']}/submit")
    tenant_id = (await bank.approve(draft.body["id"])).body["application"]["merchant_id"]
    listed = (await mall.get("/v1/merchants")).body["items"]
    assert [(one["id"], one["parent_id"]) for one in listed] == [(tenant_id, mall_id)]
    store = await mall.post(
        f"/v1/merchants/{tenant_id}/stores",
        {"name": "二楼", "area_code": "440305", "address": "深南大道9678号"},
    )
    assert store.status == 201
    refused = await mall.post(f"/v1/merchants/{tenant_id}/applications", {})
    assert (refused.status, refused.code) == (422, "kind_has_no_sub_merchants")


async def test_whatever_is_another_partners_is_not_found(bank: Bank) -> None:
    owner, merchant_id = await bank.partner()
    store = await owner.post(
        f"/v1/merchants/{merchant_id}/stores",
        {"name": "南山店", "area_code": "440305", "address": "深南大道9678号"},
    )
    terminal = await owner.post(f"/v1/stores/{store.body['id']}/terminals", {"label": "1"})
    application = (await owner.get("/v1/applications")).body["items"][0]["id"]
    other, _ = await bank.partner("platform")
    for path in (
        f"/v1/merchants/{merchant_id}",
        f"/v1/merchants/{merchant_id}/stores",
        f"/v1/stores/{store.body['id']}",
        f"/v1/stores/{store.body['id']}/terminals",
        f"/v1/terminals/{terminal.body['id']}",
        f"/v1/applications/{application}",
    ):
        assert (await other.get(path)).status == 404, path
    for path, body in (
        (
            f"/v1/merchants/{merchant_id}/stores",
            {"name": "x", "area_code": "440305", "address": "y"},
        ),
        (f"/v1/merchants/{merchant_id}/applications", {}),
        (f"/v1/stores/{store.body['id']}/terminals", {"label": "x"}),
        (f"/v1/stores/{store.body['id']}/close", None),
        (f"/v1/terminals/{terminal.body['id']}/retire", None),
        (f"/v1/applications/{application}/precheck", None),
        (f"/v1/applications/{application}/submit", None),
        (f"/v1/applications/{application}/withdraw", {"reason": "x"}),
    ):
        assert (await other.post(path, body)).status == 404, path
    assert (await owner.get(f"/v1/stores/{store.body['id']}")).body["status"] == "active"


async def test_an_applicant_may_do_nothing_but_apply(bank: Bank) -> None:
    person, application_id = await bank.applicant()
    assert (await person.get("/v1/merchants")).code == "insufficient_scope"
    assert (await person.get(f"/v1/applications/{application_id}")).status == 200
    listed = (await person.get("/v1/applications")).body["items"]
    assert [one["id"] for one in listed] == [application_id]


async def test_a_suspended_merchant_opens_no_store_until_it_is_resumed(bank: Bank) -> None:
    person, merchant_id = await bank.partner()
    path = f"/admin/v1/merchants/{merchant_id}"
    said = await bank.approver.post(f"{path}/suspend", {"reason": "complaints"})
    assert (said.status, said.body["status"]) == (200, "suspended")
    store = {"name": "南山店", "area_code": "440305", "address": "深南大道9678号"}
    refused = await person.post(f"/v1/merchants/{merchant_id}/stores", store)
    assert (refused.status, refused.code) == (409, "merchant_not_active")
    assert refused.body["merchant_status"] == "suspended"
    await bank.approver.post(f"{path}/resume", {"reason": "cleared"})
    assert (await person.post(f"/v1/merchants/{merchant_id}/stores", store)).status == 201
    assert (await bank.reviewer.get(path)).body["status"] == "active"


async def test_a_closed_store_and_a_retired_terminal_stay_so(bank: Bank) -> None:
    person, merchant_id = await bank.partner()
    store = await person.post(
        f"/v1/merchants/{merchant_id}/stores",
        {"name": "南山店", "area_code": "440305", "address": "深南大道9678号"},
    )
    terminal = await person.post(f"/v1/stores/{store.body['id']}/terminals", {"label": "1"})
    retired = await person.post(f"/v1/terminals/{terminal.body['id']}/retire", key="retire")
    assert retired.body["status"] == "retired"
    assert (await person.post(f"/v1/terminals/{terminal.body['id']}/retire", key="retire")).replayed
    assert (await person.post(f"/v1/terminals/{terminal.body['id']}/retire")).code == "terminal_retired"
    assert (await person.post(f"/v1/stores/{store.body['id']}/close")).body["status"] == "closed"
    refused = await person.post(f"/v1/stores/{store.body['id']}/terminals", {"label": "2"})
    assert (refused.status, refused.code) == (409, "store_closed")


async def test_an_unknown_county_and_bad_sections_are_pointed_at(bank: Bank) -> None:
    person, merchant_id = await bank.partner()
    refused = await person.post(
        f"/v1/merchants/{merchant_id}/stores",
        {"name": "南山店", "area_code": "999999", "address": "深南大道9678号"},
    )
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/area_code")
    refused = await bank.stranger().post(
        "/v1/applications",
        {"kind": "bank", "jwk": {"kty": "OKP"}, "mcc": 5411, "stores": [{"name": ""}], "owner": 1},
    )
    assert refused.status == 400
    assert {fault["pointer"] for fault in refused.body["errors"]} >= {
        "/kind",
        "/mcc",
        "/stores/0/name",
        "/stores/0/area_code",
        "/owner",
    }
