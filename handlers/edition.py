"""What an organisation's edition includes of what its CRM may ask for (R5, R6)."""

from __future__ import annotations

from domain.campaign import Origin
from domain.errors import EditionRequired
from domain.organisation import Organisation


def check_edition(
    subject_id: str, origin: Origin, organisation: Organisation, way: str = "send", kind: str = "campaign"
) -> None:
    """`way` is the command of this `kind` that does the same here, in every edition.

    Raises:
        EditionRequired: it is asked for in the CRM, and the edition does not include that.
    """
    if origin is Origin.CRM and not organisation.creates_from_crm:
        asked = "is to be sent" if way == "send" else "comes"
        raise EditionRequired(
            f"{kind} {subject_id} {asked} from the CRM, which needs edition enterprise or above; yours is "
            f"{organisation.edition}. {way.capitalize()} it here instead: campaigns {kind} {way} {subject_id}"
        )
