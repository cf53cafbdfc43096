"""Every operation there is; `app.py` builds both listeners from this list, and `openapi.yaml` too."""

from gateway.api import (
    applications,
    clients,
    merchants,
    oauth,
    operators,
    reviews,
    stores,
    terminal_enrolment,
)
from gateway.door.openapi import Event
from gateway.door.operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    # access
    oauth.issue_token,
    oauth.read_jwks,
    oauth.read_server_metadata,
    clients.create_client,
    clients.list_clients,
    clients.read_client,
    clients.revoke_client,
    clients.add_client_key,
    clients.list_client_keys,
    clients.revoke_client_key,
    terminal_enrolment.create_activation_code,
    terminal_enrolment.enrol_terminal,
    terminal_enrolment.revoke_terminal,
    operators.create_wallet_client,
    operators.create_operator,
    operators.revoke_any_client,
    # onboarding
    applications.apply,
    applications.apply_for_sub_merchant,
    applications.list_applications,
    applications.get_application,
    applications.change_application,
    applications.precheck_application,
    applications.submit_application,
    applications.withdraw_application,
    reviews.list_cases,
    reviews.get_case,
    reviews.take_case,
    reviews.propose_terms,
    reviews.ask_for_more,
    reviews.approve_case,
    reviews.reject_case,
    # merchants and where they are paid
    merchants.get_merchant,
    merchants.list_merchants,
    merchants.get_any_merchant,
    merchants.suspend_merchant,
    merchants.resume_merchant,
    stores.open_store,
    stores.list_stores,
    stores.get_store,
    stores.close_store,
    stores.place_terminal,
    stores.list_terminals,
    stores.get_terminal,
    stores.retire_terminal,
)

EVENTS: tuple[Event, ...] = ()
