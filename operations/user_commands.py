"""`phi user`: the first administrator of the product's own directory."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from operations import outputs
from operations.aws import client
from operations.mistakes import Mistake
from operations.terminal import agree, output

app = typer.Typer(no_args_is_help=True, help="Users of the product's directory (Cognito).")

ROLE, ADMINISTRATOR = "custom:role", "admin"


@app.callback()
def _user() -> None:
    """Keep `create-admin` a command of its own."""


@app.command("create-admin")
def create_admin(
    stack: Annotated[str, typer.Argument(help="Name of the stack.")],
    email: Annotated[str, typer.Argument(help="E-mail address; it is the user name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Invite an administrator (MSP-OPS-05). Cognito makes a temporary password and sends it to the address.

    At the first sign-in the person chooses a password and enrols a second factor.
    Source: Amazon Cognito Developer Guide, "Creating user accounts as administrator".
    """
    name, _, domain = email.partition("@")
    if not name or "." not in domain or any(letter.isspace() for letter in email):
        raise Mistake(f"EMAIL: expected an address such as someone@example.org, found {email}.")
    given = outputs.read(stack)
    pool = given.get("user_pool_id")
    if not pool:
        raise Mistake(f"{stack}: expected a directory, found no output user_pool_id.")
    values: list[str] = (given.get("user_attribute_values") or {}).get(ROLE, [])
    if ADMINISTRATOR not in values:
        raise Mistake(
            f"{stack}: expected `directory.attributes.role` with the value {ADMINISTRATOR}, found "
            f"{', '.join(values) or 'no such attribute'}."
        )
    agree(f"Invite {email} as administrator of {stack}?", yes)
    cognito = client("cognito-idp", given["region"])
    try:
        made: Any = cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
                {"Name": ROLE, "Value": ADMINISTRATOR},
            ],
            DesiredDeliveryMediums=["EMAIL"],
        )["User"]
    except cognito.exceptions.UsernameExistsException:
        raise Mistake(f"{email} is a user of {stack} already.") from None
    if as_json:
        output.print_json(json.dumps({"username": made["Username"], "status": made["UserStatus"]}))
    else:
        output.print(f"{email} is invited; the temporary password is in the mail from Cognito.", highlight=False)
