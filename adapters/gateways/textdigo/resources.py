"""TextDigo's templates, contact lists, contacts and groups: on the directory that all public APIs share."""

from typing import Any

from msgspec.json import Decoder, Encoder

from adapters.gateways.domain.answers import JSON, milliseconds_utc
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textdigo import answers, requests
from adapters.gateways.textdigo.addresses import email, phone_number
from adapters.gateways.textdigo.checking import Invalid, Problem, check, read
from adapters.gateways.textdigo.enumerations import CampaignSpecType
from adapters.gateways.textdigo.errors import code_of
from adapters.web.reply import Reply
from router.engine.directory import Entry
from router.gateway.ids import UUID
from router.gateway.records import Address, Contact, Group, Template
from router.refusal import Refusal
from router.text.html import readable

_encode = Encoder().encode
_spec = Decoder(requests.SpecRequest)
_profile = Decoder(requests.ProfileRequest)
_import = Decoder(requests.ImportRequest)
_customer = Decoder(requests.CustomerRequest)
_group = Decoder(requests.GroupRequest)

# TD-37 has no error for somebody who is known already: a customer need be unique in no group.
_IN_NONE = 0


class ResourceCalls:
    def __init__(self, services: Services) -> None:
        self._book = services.book
        self._clock = services.clock
        self._directory = services.directory

    async def make_spec(self, asked: Asked) -> Reply:
        """TD-33."""
        wanted = read(_spec, asked.body)
        content, config = "", None
        if wanted.config is not None:
            content, config = _kept(wanted.type, wanted.name, wanted.config)
        now = self._clock.now()
        template = Template(
            self._book.next_no(), asked.caller.account.name, wanted.name, content, now,
            channel=wanted.type.lower(), config=config,
        )  # fmt: skip
        await self._book.templates.add(template)
        answer = answers.SpecAnswer(
            UUID.write(template.no), wanted.name, wanted.type, wanted.config, milliseconds_utc(now)
        )
        return Reply(201, _encode(answer), JSON)

    async def make_profile(self, asked: Asked) -> Reply:
        """TD-34."""
        wanted = read(_profile, asked.body)
        now = self._clock.now()
        group = Group(
            self._book.next_no(), asked.caller.account.name, wanted.name, now, now,
            source=wanted.type, channel=wanted.campaignSpecType.lower(),
        )  # fmt: skip
        await self._book.groups.add(group)
        answer = answers.ProfileAnswer(
            UUID.write(group.no), wanted.name, wanted.type, wanted.campaignSpecType, 0, milliseconds_utc(now)
        )
        return Reply(201, _encode(answer), JSON)

    async def fill_profile(self, asked: Asked) -> Reply:
        """TD-35."""
        wanted = read(_import, asked.body)
        account = asked.caller.account.name
        no = UUID.read(asked.params["id"])
        group = (await self._book.groups.find(account, [no])).get(no) if no is not None else None
        if group is None:
            raise Refusal("group_not_found", "there is no such list")
        by: Address = "email" if group.channel == "email" else "number"
        entries: dict[str, Entry] = {}
        invalid = []
        for index, entry in enumerate(wanted.contacts):
            try:
                number = phone_number(entry.phoneNumber) if entry.phoneNumber is not None else None
                address = email(entry.email) if entry.email is not None else None
            except Refusal as refusal:
                invalid.append(answers.InvalidEntry(index, code_of(refusal)))
                continue
            key = address if by == "email" else number
            if key is None:
                missing = "invalid_address" if by == "email" else "invalid_number"
                invalid.append(answers.InvalidEntry(index, code_of(Refusal(missing, "there is no address"))))
            elif key not in entries:
                entries[key] = Entry(number, address, entry.parameters or {})
        if not entries:
            raise Refusal("no_recipients", "none of the contacts can be reached")
        imported = (await self._directory.put(group, list(entries.values()), by)).added
        total = len(wanted.contacts)
        answer = answers.ImportAnswer(total, imported, total - len(invalid) - imported, invalid)
        return Reply(200, _encode(answer), JSON)

    async def make_customer(self, asked: Asked) -> Reply:
        """TD-37."""
        wanted = read(_customer, asked.body)
        numbers = [phone_number(written) for written in wanted.phoneNumbers or ()]
        emails = [email(written) for written in wanted.emails or ()]
        if not (wanted.name or numbers or emails):
            raise Invalid(*(Problem(field, "required") for field in ("name", "phoneNumbers", "emails")))
        now = self._clock.now()
        fields = {"phoneNumbers": ", ".join(numbers[1:]), "emails": ", ".join(emails[1:])}
        contact = Contact(
            self._book.next_no(),
            asked.caller.account.name,
            now,
            now,
            number=numbers[0] if numbers else None,
            email=emails[0] if emails else None,
            first_name=wanted.name or None,
            fields={name: value for name, value in fields.items() if value},
        )
        await self._book.contacts.add(contact, unique_in=_IN_NONE)
        answer = answers.CustomerAnswer(UUID.write(contact.no), wanted.name, numbers, emails, milliseconds_utc(now))
        return Reply(201, _encode(answer), JSON)

    async def make_group(self, asked: Asked) -> Reply:
        """TD-38."""
        wanted = read(_group, asked.body)
        now = self._clock.now()
        group = Group(self._book.next_no(), asked.caller.account.name, wanted.name, now, now)
        await self._book.groups.add(group)
        answer = answers.GroupAnswer(UUID.write(group.no), wanted.name, milliseconds_utc(now))
        return Reply(201, _encode(answer), JSON)


def _kept(type: CampaignSpecType, name: str, config: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    """The text of a template, and what stands in the options of its messages, from its config by the channel."""
    match type:
        case "SMS":
            sms = check(config, requests.SmsConfig, "config")
            return sms.message, {"sender": sms.senderName} if sms.senderName else None
        case "EMAIL":
            mail = check(config, requests.EmailConfig, "config")
            if not mail.htmlMessage and not mail.textMessage:
                raise Invalid(*(Problem(f"config.{field}", "required") for field in ("htmlMessage", "textMessage")))
            kept = {"subject": mail.subject} | ({"html": mail.htmlMessage} if mail.htmlMessage else {})
            # Of pictures alone there is nothing to read; an email has a text all the same.
            return mail.textMessage or readable(mail.htmlMessage or "") or " ", kept
        case "WHATSAPP":
            given = check(config, requests.WhatsappConfig, "config")
            parameters = given.bodyParameters or {}
            return name, {
                "line": given.whatsappBusinessPhoneNumberId,
                "template": given.templateId,
                "names": list(parameters),
                "parameters": list(parameters.values()),
            }
