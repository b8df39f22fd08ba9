"""What TextDigo says, in the two languages that it knows (TD-2)."""

from typing import Literal, NamedTuple

from adapters.gateways.textdigo.checking import Code, Problem

Locale = Literal["en", "fr"]


class Said(NamedTuple):
    en: str
    fr: str

    def of(self, locale: Locale) -> str:
        return self.fr if locale == "fr" else self.en


NO_CREDENTIALS = Said(
    "The request has no HTTP Basic credentials", "La requête ne contient pas d'identifiants HTTP Basic"
)
WRONG_CREDENTIALS = Said("The API login or the API key is not valid", "L'identifiant ou la clé d'API n'est pas valide")
NOT_ACTIVE = Said("The organization is not active", "L'organisation n'est pas active")
INVALID = Said("The request is not valid", "La requête n'est pas valide")
PHONE_NUMBER = Said(
    "The phone number {} is not a valid international number",
    "Le numéro de téléphone {} n'est pas un numéro international valide",
)
UNSUPPORTED = Said("No active operator serves the number {}", "Aucun opérateur actif ne dessert le numéro {}")
EMAIL = Said("The email address {} is not valid", "L'adresse e-mail {} n'est pas valide")
RECIPIENTS = Said("None of the recipients is valid", "Aucun des destinataires n'est valide")
FILE_TOO_LARGE = Said("The file is larger than the limit", "Le fichier dépasse la taille autorisée")
TOO_LARGE = Said("The request is too large", "La requête est trop volumineuse")
MESSAGE = Said("There is no such message", "Ce message n'existe pas")
OTP_CONTACT = Said(
    "No one-time password is pending for this contact", "Aucun mot de passe à usage unique n'est en attente"
)
WHATSAPP_ACCOUNT = Said(
    "There is no such WhatsApp Business phone number", "Ce numéro WhatsApp Business n'existe pas ou n'est pas connecté"
)
TEMPLATE = Said("There is no such template", "Ce modèle n'existe pas")
PROFILE = Said("There is no such contact list", "Cette liste de contacts n'existe pas")
CANAL = Said("The channel {} is not active", "Le canal {} n'est pas actif")
BALANCE = Said("The balance of the wallet is too low", "Le solde du portefeuille est insuffisant")
SENDER = Said("The sender name is not approved", "Le nom d'expéditeur n'est pas approuvé")
NOT_FOUND = Said("There is nothing at this path", "Il n'y a rien à cette adresse")
METHOD = Said("This path does not answer to this method", "Cette adresse ne répond pas à cette méthode")
RATE = Said("Too many requests; slow down", "Trop de requêtes ; veuillez ralentir")
UNAVAILABLE = Said("The service cannot do this now; try again", "Le service est indisponible ; veuillez réessayer")
INTERNAL = Said("Something went wrong here", "Une erreur interne est survenue")

OTP = Said(
    "{code} is your verification code. It is valid for {minutes} min.",
    "{code} est votre code de vérification. Il est valable {minutes} min.",
)
OTP_SUBJECT = Said("Your verification code", "Votre code de vérification")

_KINDS: dict[str, Said] = {
    "string": Said("a string", "une chaîne de caractères"),
    "integer": Said("a whole number", "un nombre entier"),
    "array": Said("an array", "un tableau"),
    "object": Said("an object", "un objet"),
}

_PROBLEMS: dict[Code, Said] = {
    "required": Said("{0} is required", "{0} est obligatoire"),
    "type": Said("{0} must be {1}", "{0} doit être {1}"),
    "too_long": Said("{0} is longer than {1}", "{0} dépasse la longueur maximale de {1}"),
    "too_short": Said("{0} is shorter than {1}", "{0} n'atteint pas la longueur minimale de {1}"),
    "out_of_range": Said("{0} must be in {1}", "{0} doit être compris dans {1}"),
    "enum": Said("{0} must be one of {1}", "{0} doit être l'une des valeurs {1}"),
    "format": Said("{0} is not well-formed", "{0} est mal formé"),
    "unknown": Said("{0} is not known here", "{0} n'est pas un champ connu"),
}


def of_problem(problem: Problem, locale: Locale) -> str:
    """The sentence about a field."""
    kind = _KINDS.get(problem.wanted)
    wanted = kind.of(locale) if kind is not None else problem.wanted
    return _PROBLEMS[problem.code].of(locale).format(problem.field, wanted)
