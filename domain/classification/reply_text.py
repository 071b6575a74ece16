"""What a person wrote, without what the mail programme quoted below it."""

from __future__ import annotations

import re

#: A line after which the mail that is answered stands, in the words of mail programmes.
_ORIGINAL = (
    "original message|ursprüngliche nachricht|message d'origine|mensaje original|messaggio originale|mensagem original"
    "|oorspronkelijk bericht|forwarded message|原始邮件"
)
_WROTE = (
    r"wrote|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|skrev|napisał\(?a?\)?"
    r"|пишет|написал\(?а?\)?|写道|のメール"
)
_QUOTED = re.compile(
    rf"-{{2,}}\s?(?:{_ORIGINAL})|_{{10,}}|(?:from|von|de|da|van|od|от|发件人|差出人)\s?:\s?\S"
    rf"|(?:on|am|le|el|il|em|op|den|dnia|w dniu)\b.{{5,200}}\b(?:{_WROTE})\b.{{0,60}}:?\s*$"
    rf"|.{{0,120}}(?:{_WROTE})\s?:\s*$",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"--\s?$|sent from my|von meinem .{1,30} gesendet|envoyé de mon|enviado desde mi|inviato da|get outlook for"
    r"|verstuurd vanaf",
    re.IGNORECASE,
)


def without_quotes(text: str, limit: int = 8000) -> str:
    """The lines above the quote and the signature."""
    own: list[str] = []
    for line in text[:limit].split("\n"):
        bare = line.strip()[:400]
        if own and (_QUOTED.match(bare) or _SIGNATURE.match(bare)):
            break
        if not bare.startswith(">") and not (_QUOTED.match(bare) and not own):
            own.append(line)
    return "\n".join(own).strip()
