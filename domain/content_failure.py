"""The one error of rendering and assembly."""

from domain.errors import Permanent


class ContentFailed(Permanent):
    """This person's email can't be written, others' may: `failed(content_error)`. The text holds no personal data."""
