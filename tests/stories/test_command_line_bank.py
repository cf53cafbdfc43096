"""The bank's people at a shell: what they do beside reviewing cases."""

from gateway.cli.identity import IdentityFile
from tests.desk import Desk


async def test_a_company_that_lost_its_key_gets_another_one_in_by_two_operators(desk: Desk) -> None:
    await desk.shop()
    client = IdentityFile.open(desk.folder / "shop.json").identity.client_id
    assert client is not None
    wish = ("operator", "keys", "reset", client, "--reason", "laptop stolen", "--as", "lin.json")
    asked = (await desk.done(*wish, "--json")).json
    own = await desk.types("operator", "keys", "confirm", asked["id"], "--as", "lin.json")
    assert own.code == 1
    waiting = await desk.done("operator", "keys", "list", "--as", "zhao.json", "-q")
    assert waiting.out.split() == [asked["id"]]
    confirmed = (
        await desk.done("operator", "keys", "confirm", asked["id"], "--as", "zhao.json", "--json")
    ).json
    outside = await desk.types("partner", "merchant", "--as", "shop.json")
    assert outside.code == 1
    wrong = await desk.types("partner", "keys", "enrol", asked["code_half"] * 2, "--as", "shop.json")
    assert (wrong.code, "reset_code_refused" in wrong.err) == (1, True)
    code = f"{asked['code_half']}-{confirmed['code_half']}"
    await desk.done("partner", "keys", "enrol", code, "--as", "shop.json")
    await desk.done("partner", "merchant", "--as", "shop.json")
    shown = await desk.done("operator", "keys", "show", asked["id"], "--as", "lin.json", "--json")
    assert (shown.json["status"], shown.json["code_half"]) == ("confirmed", None)
