"""What the pages say, in each language that they speak, and which one a reader is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """Plain text; `{name}` is the organisation, `{address}` the reader's address, half of it hidden."""

    unsubscribe_title: str
    unsubscribe_text: str
    unsubscribe_button: str
    unsubscribed_title: str
    unsubscribed_text: str
    to_preferences: str
    preferences_title: str
    preferences_text: str
    topics: str
    tracking: str
    tracking_text: str
    tracking_yes: str
    tracking_no: str
    save: str
    saved: str
    not_mailed: str
    leave: str
    leave_text: str
    leave_button: str
    not_found_title: str
    not_found_text: str
    later_title: str
    later_text: str
    failed_title: str
    failed_text: str


FIRST = "en"  #: for readers of languages that the pages do not speak

WORDS: Mapping[str, Words] = {
    "en": Words(
        unsubscribe_title="Unsubscribe",
        unsubscribe_text="Do you want no more email from {name}?",
        unsubscribe_button="Unsubscribe from everything",
        unsubscribed_title="You are unsubscribed",
        unsubscribed_text="{name} sends you no more email. A mail that is on its way already may still arrive.",
        to_preferences="Choose what you get instead",
        preferences_title="Your email preferences",
        preferences_text="What {name} may send to {address}.",
        topics="Topics",
        tracking="Opens and clicks",
        tracking_text="May {name} see whether you open an email, and which links in it you follow?",
        tracking_yes="Yes",
        tracking_no="No",
        save="Save",
        saved="Saved.",
        not_mailed="You get no email from {name} at present.",
        leave="No more email",
        leave_text="Leave all topics at once, now and in future.",
        leave_button="Unsubscribe from everything",
        not_found_title="Nothing here",
        not_found_text="This link does not work. Perhaps a part is missing: please use it as it stands in the email.",
        later_title="Please try again",
        later_text="This did not work just now. Nothing was changed. Please try again in a minute.",
        failed_title="That did not work",
        failed_text="Something went wrong. Please use the link as it stands in the email.",
    ),
    "de": Words(
        unsubscribe_title="Abmelden",
        unsubscribe_text="Möchten Sie keine E-Mails von {name} mehr?",
        unsubscribe_button="Von allem abmelden",
        unsubscribed_title="Sie sind abgemeldet",
        unsubscribed_text="{name} schickt Ihnen keine E-Mails mehr. Was schon unterwegs ist, kann noch ankommen.",
        to_preferences="Lieber auswählen, was ich bekomme",
        preferences_title="Ihre E-Mail-Einstellungen",
        preferences_text="Was {name} an {address} schicken darf.",
        topics="Themen",
        tracking="Öffnungen und Klicks",
        tracking_text="Darf {name} sehen, ob Sie eine E-Mail öffnen und welchen Links darin Sie folgen?",
        tracking_yes="Ja",
        tracking_no="Nein",
        save="Speichern",
        saved="Gespeichert.",
        not_mailed="Sie bekommen zurzeit keine E-Mails von {name}.",
        leave="Keine E-Mails mehr",
        leave_text="Alle Themen auf einmal abbestellen, jetzt und in Zukunft.",
        leave_button="Von allem abmelden",
        not_found_title="Hier ist nichts",
        not_found_text="Dieser Link geht nicht. Vielleicht fehlt ein Teil: Bitte nehmen Sie ihn wie in der E-Mail.",
        later_title="Bitte noch einmal versuchen",
        later_text="Das ging gerade nicht. Nichts wurde geändert. Bitte versuchen Sie es in einer Minute noch einmal.",
        failed_title="Das ging nicht",
        failed_text="Etwas ist schiefgegangen. Bitte nehmen Sie den Link so, wie er in der E-Mail steht.",
    ),
    "fr": Words(
        unsubscribe_title="Se désabonner",
        unsubscribe_text="Vous ne voulez plus recevoir d’e-mails de {name} ?",
        unsubscribe_button="Me désabonner de tout",
        unsubscribed_title="Vous êtes désabonné(e)",
        unsubscribed_text="{name} ne vous envoie plus d’e-mails. Un message déjà en route peut encore arriver.",
        to_preferences="Choisir plutôt ce que je reçois",
        preferences_title="Vos préférences",
        preferences_text="Ce que {name} peut envoyer à {address}.",
        topics="Thèmes",
        tracking="Ouvertures et clics",
        tracking_text="{name} peut-il voir si vous ouvrez un e-mail et quels liens vous suivez ?",
        tracking_yes="Oui",
        tracking_no="Non",
        save="Enregistrer",
        saved="Enregistré.",
        not_mailed="Vous ne recevez pas d’e-mails de {name} actuellement.",
        leave="Plus aucun e-mail",
        leave_text="Quitter tous les thèmes en une fois, maintenant et à l’avenir.",
        leave_button="Me désabonner de tout",
        not_found_title="Rien ici",
        not_found_text="Ce lien ne fonctionne pas. Il est peut-être incomplet : prenez-le tel qu’il est dans l’e-mail.",
        later_title="Veuillez réessayer",
        later_text="Cela n’a pas fonctionné. Rien n’a été modifié. Veuillez réessayer dans une minute.",
        failed_title="Cela n’a pas fonctionné",
        failed_text="Une erreur s’est produite. Utilisez le lien tel qu’il est dans l’e-mail.",
    ),
    "es": Words(
        unsubscribe_title="Darse de baja",
        unsubscribe_text="¿No quiere recibir más correos de {name}?",
        unsubscribe_button="Darme de baja de todo",
        unsubscribed_title="Se ha dado de baja",
        unsubscribed_text="{name} ya no le envía correos. Un mensaje que esté en camino aún puede llegar.",
        to_preferences="Prefiero elegir lo que recibo",
        preferences_title="Sus preferencias de correo",
        preferences_text="Lo que {name} puede enviar a {address}.",
        topics="Temas",
        tracking="Aperturas y clics",
        tracking_text="¿Puede {name} ver si abre un correo y qué enlaces sigue?",
        tracking_yes="Sí",
        tracking_no="No",
        save="Guardar",
        saved="Guardado.",
        not_mailed="Actualmente no recibe correos de {name}.",
        leave="Ningún correo más",
        leave_text="Dejar todos los temas a la vez, ahora y en el futuro.",
        leave_button="Darme de baja de todo",
        not_found_title="Aquí no hay nada",
        not_found_text="Este enlace no funciona. Quizá le falte una parte: úselo tal como está en el correo.",
        later_title="Inténtelo de nuevo",
        later_text="No ha funcionado. No se ha cambiado nada. Inténtelo de nuevo en un minuto.",
        failed_title="No ha funcionado",
        failed_text="Algo ha ido mal. Use el enlace tal como está en el correo.",
    ),
}


def language(accepted: str, known: str | None = None) -> str:
    """The language to speak: what is known of the reader, or else the first that their browser accepts and we speak.

    `accepted` is Accept-Language (RFC 9110, 12.5.4); `known` may be "de", "de-AT", "DE".
    """
    wanted = [known or ""] + [tag for _, tag in sorted(_weighed(accepted), reverse=True, key=lambda each: each[0])]
    return next((tag for each in wanted if (tag := each.replace("_", "-").lower().split("-")[0]) in WORDS), FIRST)


def _weighed(accepted: str) -> list[tuple[float, str]]:
    found = []
    for part in accepted.split(",")[:20]:
        tag, _, weight = part.partition(";")
        try:
            found.append((float(weight.strip().removeprefix("q=") or 1), tag.strip()))
        except ValueError:
            continue
    return [(weight, tag) for weight, tag in found if weight > 0]
