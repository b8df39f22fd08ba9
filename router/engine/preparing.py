"""From a submit to the message that it becomes: checked, normalised, routed, cut, priced. Nothing is kept by that."""

from collections.abc import Callable

from msgspec import Struct

from router.account import Account
from router.engine.choosing import Chooser
from router.engine.gate import Gate
from router.engine.ids import Ids
from router.engine.lookups import Answers, Lookups
from router.engine.opt_outs import OptOuts
from router.engine.running import Running
from router.engine.senders import sender_for
from router.engine.wallets import Purse
from router.message import Encoding, Message, State
from router.ports.clock import Clock
from router.refusal import Refusal
from router.routing.guards import OPTED_OUT, QUIET_HOURS, check_destination, quiet_until
from router.routing.msisdn import Judge, normalise
from router.routing.plan import RoutePlan, network_of
from router.routing.recipient import EMAIL, recipient
from router.routing.terms import Ranker, Terms
from router.submit import Channel, Submit
from router.text.email import email_of
from router.wallet import Tariff

# Looking a member up in its enumeration takes longer than all that is done with it here.
_QUEUED, _SCHEDULED = State.QUEUED, State.SCHEDULED
_GSM7 = Encoding.GSM7
_EMAIL = Channel.EMAIL
_NAMES = {channel: channel.value for channel in Channel}


class Via(Struct, frozen=True, gc=False):
    """The public API that a request came by (None: the internal one), what it charges, and whether what it says is to
    be kept no longer than needed (a one-time code). `parts` is how many parts the longest text that the API allows can
    have: limits.message_parts does not go below that."""

    origin: str | None = None
    tariff: Tariff = Tariff.PRICE
    confidential: bool = False
    parts: int = 0


INTERNAL = Via()


class Request(Struct, gc=False):
    """What is the same for all submits of a request, by the plan in force; it holds until something is awaited.

    `now` is milliseconds since the epoch. `answers` are None where numbers are not looked up, `purse` where nothing is
    charged, `opted_out` where nobody has opted out. `terms` are those of the messages that are alike but for recipient
    and content, by what their submits say."""

    account: Account
    plan: RoutePlan
    ranker: Ranker
    now: int
    via: Via
    answers: Answers | None
    purse: Purse | None
    opted_out: Callable[[str, str, str], bool] | None
    judge: Judge
    most_parts: int
    terms: dict[tuple[str | None, str, Channel, str | None], Terms]


class Preparer:
    """Makes messages of submits, one at a time."""

    def __init__(
        self,
        running: Running,
        chooser: Chooser,
        clock: Clock,
        ids: Ids,
        lookups: Lookups,
        opt_outs: OptOuts,
        gate: Gate,
    ) -> None:
        self._running = running
        self._chooser = chooser
        self._clock = clock
        self._next_id = ids.next
        self._lookups = lookups
        self._opt_outs = opt_outs
        self._gate = gate

    def request(self, account: Account, answers: Answers, purse: Purse | None, via: Via) -> Request:
        """A request of this moment."""
        running, opt_outs = self._running, self._opt_outs
        limits = running.plan.settings.limits
        return Request(
            account,
            running.plan,
            running.ranker,
            self._clock.now(),
            via,
            answers if self._lookups.sources else None,
            purse,
            opt_outs.refuses if opt_outs else None,
            limits.numbers,
            max(limits.message_parts, via.parts),
            {},
        )

    def check(self, request: Request, submit: Submit) -> tuple[str, Terms]:
        """The recipient, normalised, of a message that nothing forbids, whatever network it would go to; and what the
        plan says of such messages. Raises Refusal."""
        if (submit.text is None) == (submit.data is None):
            raise Refusal("invalid_request", "give exactly one of text and data", "text")
        if submit.udh is not None and submit.data is None:
            raise Refusal("invalid_request", "udh goes with data only", "udh")
        channel = submit.channel
        if channel is _EMAIL:
            _check_email(submit)
            to = recipient(submit.to, EMAIL, request.judge)
        else:
            to = normalise(submit.to, request.judge)
        key = (submit.sender, submit.traffic_class, channel, submit.plan)
        terms = request.terms.get(key)
        account = request.account
        if terms is None:
            name = _NAMES[channel]
            sender = sender_for(account, submit.sender, name)
            terms = request.ranker.terms(account.name, name, submit.traffic_class, sender, submit.plan)
            request.terms[key] = terms
        if account.guards is not None:
            check_destination(account.guards, request.plan, to)
        if request.opted_out is not None and request.opted_out(account.name, to, submit.traffic_class):
            raise Refusal(OPTED_OUT, "this recipient does not want such messages from the account", "to")
        return to, terms

    def message(self, request: Request, submit: Submit) -> Message:
        """The message, given to its operator; its `no` is still to come. Raises Refusal."""
        to, terms = self.check(request, submit)
        plan, now, account, channel = request.plan, request.now, request.account, terms.channel
        send_at = None
        if submit.send_at is not None:
            send_at = round(submit.send_at.timestamp() * 1000)
            if send_at <= now:
                send_at = None
        expires_at = None if submit.expires_in is None else (send_at or now) + submit.expires_in * 1000
        # By position, in the order of the fields: a quarter of the cost of names.
        message = Message(
            self._next_id(now),
            account.name,
            to,
            now,
            terms.sender,
            None,
            submit.text,
            submit.data,
            submit.udh,
            submit.encoding,
            _GSM7,
            account.transliterate,
            False,
            1,
            0,
            0,
            submit.reference,
            submit.traffic_class,
            channel,
            send_at,
            expires_at,
            submit.receipts,
            submit.plan,
            submit.max_price,
            submit.flash,
            submit.options,
            _QUEUED if send_at is None else _SCHEDULED,
        )
        via = request.via
        if via is not INTERNAL:
            message.origin, message.confidential = via.origin, via.confidential
        self._route(request, message, terms)
        message.due_at = expires_at if send_at is None else send_at
        if plan.quiet is not None and (until := quiet_until(plan, message.traffic_class, to, send_at or now)):
            message.state = _SCHEDULED
            message.waiting_for = QUIET_HOURS
            message.due_at = until if expires_at is None else min(until, expires_at)
        if request.purse is not None:
            request.purse.charge(message, via.tariff)
        if account.guards is not None:
            # Last, for what is refused for another reason must not count.
            self._gate.admit(account.guards, message, self._clock.monotonic())
        return message

    def _route(self, request: Request, message: Message, terms: Terms) -> None:
        to, now, plan = message.to, request.now, request.plan
        network = None
        digits = to[1:]
        if terms.channel == EMAIL:
            digits = ""
        elif request.answers is not None and (found := self._lookups.find(to, request.answers)) is not None:
            network, message.looked_up = found
            if network is not None:
                message.network = network_of(network, plan.network_names.get(network))
        if terms.prices is not None:
            message.price = terms.prices.longest(digits)
        if message.max_price is not None and message.max_price.currency not in plan.settings.currencies:
            raise Refusal("invalid_request", f"no rate is known for {message.max_price.currency}", "max_price")
        ranking = request.ranker.rank(terms, digits, network, now)
        chosen = self._chooser.choose(message, ranking, now, request.most_parts)
        if chosen is None:
            raise Refusal("unroutable", "the operators of this number are leaving the configuration", "to")
        self._chooser.assign(message, chosen, ranking, now)
        if message.segments > 1 and message.price is not None:
            message.price = message.price.times(message.segments)


def _check_email(submit: Submit) -> None:
    if submit.text is None:
        raise Refusal("invalid_request", "an email has a text, not data", "data")
    email_of(submit.text, submit.options)
