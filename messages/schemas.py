"""The JSON Schema of every message type, for publishers in any language: `python -m messages.schemas docs/schemas`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from messages.base import Message
from messages.catalog import INCOMING, OUTGOING
from messages.envelope import Envelope, type_of

_DIALECT = "https://json-schema.org/draft/2020-12/schema"  # what pydantic writes


def schema(model: type[Message]) -> dict[str, Any]:
    """The schema of a whole event: the envelope with this message as its data."""
    event, data = Envelope.model_json_schema(), model.model_json_schema()
    definitions = data.pop("$defs", {}) | {model.__name__: data}
    told = {"type": {"const": type_of(model)}, "data": {"$ref": f"#/$defs/{model.__name__}"}}
    event.pop("description", None)
    return {
        "$schema": _DIALECT,
        "title": type_of(model),
        "description": sys.modules[model.__module__].__doc__,
        **{key: value for key, value in event.items() if key not in ("title", "$defs")},
        "properties": event["properties"] | told,
        "$defs": definitions,
    }


def schemas() -> Mapping[str, str]:
    """The text of each file by its name."""
    models = {**INCOMING, **OUTGOING}
    return {f"{queue}.json": json.dumps(schema(model), indent=2) + "\n" for queue, model in models.items()}


def write(directory: Path) -> None:
    """Write all files, and nothing else, into the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (directory / name).write_text(text)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
