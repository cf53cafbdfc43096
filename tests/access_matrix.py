"""Who is answered by which operation: one line for each, written by hand and believed by nothing but the test.

A name alone is somebody who asks for what is theirs; with a star it is everybody of that kind, each of whom sees
their own and no more, as in a list. Whoever a line does not name is refused: 401 without a token, 403 with one that
never opens this operation, 404 with one that opens it for other people's things.

    office      a mall's own server, for the mall and for its tenant
    till        a till, for what it made itself
    wallet      the backend of the issuer whose payer paid
    applicant   a company on its way in
    reviewer, approver, risk, auditor   the bank's people, by role
    anybody     with any token or none
"""

from collections.abc import Mapping
from typing import Final

from gateway.door.operation import Operation

OPERATORS: Final = "reviewer approver risk auditor"

MATRIX: Final[Mapping[str, str]] = {
    # access
    "issue_token": "anybody",
    "read_jwks": "anybody",
    "read_server_metadata": "anybody",
    "create_client": "office*",
    "list_clients": "office*",
    "read_client": "office",
    "revoke_client": "office",
    "add_client_key": "office",
    "list_client_keys": "office",
    "revoke_client_key": "office",
    "create_activation_code": "office",
    "enrol_terminal": "anybody",
    "revoke_terminal": "office",
    "propose_wallet": "approver",
    "list_wallet_proposals": OPERATORS,
    "get_wallet_proposal": OPERATORS,
    "confirm_wallet": "approver",
    "reject_wallet": "approver",
    "add_wallet_key": "wallet*",
    "list_wallet_keys": "wallet*",
    "revoke_wallet_key": "wallet",
    "propose_key_reset": "reviewer approver",
    "list_key_resets": OPERATORS,
    "get_key_reset": OPERATORS,
    "confirm_key_reset": "approver",
    "reject_key_reset": "approver",
    "enrol_client_key": "anybody",
    "propose_operator": "approver",
    "list_operator_proposals": OPERATORS,
    "get_operator_proposal": OPERATORS,
    "confirm_operator": "approver",
    "reject_operator": "approver",
    "revoke_any_client": "approver risk",
    "begin_sign_in": "anybody",
    "complete_sign_in": "anybody",
    "renew_session": OPERATORS,
    "end_session": OPERATORS,
    # onboarding
    "apply": "anybody",
    "apply_for_sub_merchant": "office",
    "list_applications": "office* applicant*",
    "get_application": "office applicant",
    "change_application": "office applicant",
    "precheck_application": "office applicant",
    "submit_application": "office applicant",
    "withdraw_application": "office applicant",
    "put_document": "office applicant",
    "list_documents": "office applicant",
    "get_verification": "office applicant",
    "verify_sum": "office applicant",
    "begin_verification": "office applicant",
    "get_agreement": "office applicant",
    "sign_agreement": "office applicant",
    "list_cases": OPERATORS,
    "get_case": OPERATORS,
    "precheck_case": OPERATORS,
    "search_merchants": OPERATORS,
    "read_monitoring": OPERATORS,
    "take_case": "reviewer",
    "propose_terms": "reviewer",
    "ask_for_more": "reviewer",
    "approve_case": "approver",
    "reject_case": "reviewer approver",
    "override_credit_code": "reviewer",
    "create_bulk": "office",
    "list_own_bulks": "office*",
    "get_bulk": "office",
    "list_bulk_lines": "office",
    "list_bulks": OPERATORS,
    "get_bulk_case": OPERATORS,
    "list_case_lines": OPERATORS,
    "take_bulk": "reviewer",
    "approve_bulk": "approver",
    "reject_bulk": "reviewer approver",
    "list_case_documents": OPERATORS,
    "open_document": "reviewer approver",
    # merchants and where they are paid
    "get_merchant": "office",
    "list_merchants": "office*",
    "get_any_merchant": OPERATORS,
    "suspend_merchant": "approver risk",
    "resume_merchant": "approver risk",
    "close_merchant": "approver",
    "ask_for_change": "office",
    "list_own_changes": "office*",
    "get_change": "office",
    "withdraw_change": "office",
    "list_changes": OPERATORS,
    "get_change_case": OPERATORS,
    "take_change": "reviewer",
    "approve_change": "approver",
    "reject_change": "reviewer approver",
    "propose_merchant_terms": "reviewer",
    "propose_store_terms": "reviewer",
    "propose_terminal_terms": "reviewer",
    "put_change_document": "office",
    "list_change_documents": "office",
    "list_change_case_documents": OPERATORS,
    "open_change_document": "reviewer approver",
    "search_personal": "reviewer approver risk",
    "unmask_application": "reviewer approver risk",
    "unmask_merchant": "reviewer approver risk",
    "read_trail": "auditor",
    "open_store": "office",
    "list_stores": "office",
    "get_store": "office",
    "close_store": "office",
    "place_terminal": "office",
    "list_terminals": "office",
    "get_terminal": "office",
    "retire_terminal": "office",
    # payments
    "create_payment": "office till",
    "read_payment": "office till",
    "list_payments": "office* till*",
    "capture_payment": "office till",
    "preview_capture": "office till",
    "list_terminal_payments": "office till",
    "cancel_payment": "office till",
    "cancel_order": "office till",
    "create_refund": "office till",
    "preview_refund": "office till",
    "list_refunds": "office till",
    "read_timeline": "office till",
    "read_refund": "office till",
    "search_refunds": "office* till*",
    # online orders
    "create_checkout_session": "office till",
    "get_checkout_session": "office till",
    "expire_checkout_session": "office till",
    "get_return_origins": "office",
    "put_return_origins": "office",
    # codes
    "create_qr_code": "office",
    "read_qr_code": "office till",
    "draw_qr_code": "office till",
    "revoke_qr_code": "office",
    "inspect_code": "office* till*",
    "create_payment_code": "wallet*",
    "create_code_credential": "wallet*",
    "delete_code_credential": "wallet",
    # the wallet's side
    "scan_code": "wallet*",
    "claim_coupon": "wallet*",
    "read_benefits": "wallet*",
    "create_store_payment": "wallet",
    "confirm_payment": "wallet",
    "decline_payment": "wallet",
    "read_wallet_payment": "wallet",
    "hint_outcome": "wallet",
    # what no core has decided
    "list_in_doubt": "risk auditor",
    "list_velocity_hits": "risk auditor",
    # co-branded offers
    "create_offer": "office*",
    "list_offers": "office*",
    "get_offer": "office",
    "amend_offer": "office",
    "propose_offer": "office",
    "list_funded_offers": "office*",
    "fund_offer": "office",
    "get_funded_offer": "office",
    "get_funded_offer_figures": "office",
    "pause_funded_offer": "office",
    "resume_funded_offer": "office",
    "withdraw_funding": "office",
    "accept_offer": "office",
    "reject_offer": "office",
    "pause_offer": "office",
    "resume_offer": "office",
    "end_offer": "office",
    "get_offer_figures": "office",
    "quote_offers": "office till",
    "list_any_offers": OPERATORS,
    "get_any_offer": OPERATORS,
    "get_any_offer_figures": OPERATORS,
    "counter_offer": "approver",
    "accept_proposal": "approver",
    "reject_proposal": "approver",
    "pause_any_offer": "approver risk",
    "resume_any_offer": "approver risk",
    "end_any_offer": "approver",
    # webhooks
    "create_webhook_endpoint": "office* wallet*",
    "list_webhook_endpoints": "office* wallet*",
    "read_webhook_endpoint": "office",
    "change_webhook_endpoint": "office",
    "delete_webhook_endpoint": "office",
    "rotate_webhook_secret": "office",
    "test_webhook_endpoint": "office",
    "recover_webhook_endpoint": "office",
    "list_deliveries": "office",
    "read_delivery": "office",
    "resend_delivery": "office",
    "skip_delivery": "office",
    "list_events": "office* wallet*",
    "list_signed_events": "office* wallet*",
    "replay_events": "office",
    # the door's own
    "health_live": "anybody",
    "health_ready": "anybody",
    "metrics": "anybody",
    "explain_problem": "anybody",
}

# Who asks: `office` for its tenant too, and beside each kind those of the same kind to whom nothing here belongs.
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "office": ("office", "head office", "rival office"),
    "till": ("till", "sibling till", "tenant's till", "rival till"),
    "wallet": ("wallet", "other issuer's wallet"),
    "applicant": ("applicant", "other applicant"),
}
OWN: Final[Mapping[str, tuple[str, ...]]] = {"office": ("office", "head office")}
EVERYBODY: Final = (*(one for kind in KINDS.values() for one in kind), *OPERATORS.split(), "nobody")


def answered(line: str) -> frozenset[str]:
    """Everybody whom a line of the matrix lets in."""
    names: set[str] = set()
    for word in line.split():
        if word == "anybody":
            names.update(EVERYBODY)
        elif word.endswith("*"):
            names.update(KINDS[word.removesuffix("*")])
        else:
            names.update(OWN.get(word, (word,)))
    assert names <= set(EVERYBODY), f"nobody is called {sorted(names - set(EVERYBODY))}"
    return frozenset(names)


def faults_of(operations: tuple[Operation, ...]) -> list[str]:
    """What to do about operations without a line, and lines without an operation."""
    names = {one.name for one in operations}
    return [
        *(
            f'tests/access_matrix.py, MATRIX: add `"{one.name}": "{_proposal(one)}",` — for {one.method} {one.path}; '
            "think about who may, the words are explained above it"
            for one in operations
            if one.name not in MATRIX
        ),
        *(
            f'tests/access_matrix.py, MATRIX: delete "{name}", which is no operation'
            for name in MATRIX
            if name not in names
        ),
    ]


def _proposal(operation: Operation) -> str:
    """What the declaration suggests; whoever adds the line decides."""
    star = "" if "{" in operation.path else "*"
    match operation.scope:
        case None:
            return "anybody"
        case "operate":
            return " ".join(sorted(operation.roles)) or OPERATORS
        case "wallet":
            return f"wallet{star}"
        case "apply":
            return f"office{star} applicant{star}"
        case "pay" | "query" | "cancel" | "refund":
            return f"office{star} till{star}"
        case "webhooks":
            return f"office{star} wallet{star}" if star else "office"
        case "merchants" | "offers" | "qr":
            return f"office{star}"
