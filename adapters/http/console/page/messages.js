// Search over all accounts, and one message's life.

import { get, post } from "./api.js";
import { element, facts, money, network, sheet, state, table, time, tone } from "./draw.js";

const STATES = ["scheduled", "queued", "submitted", "delivered", "undelivered", "expired", "rejected", "failed", "cancelled", "unknown"];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function draw(place, [id]) {
  let gone = false;
  const running = () => !gone;
  if (id) story(place, id, running);
  else search(place, running);
  return () => { gone = true; };
}

function search(place, running) {
  const what = element("input", { name: "what", type: "search", autocomplete: "off", placeholder: "+237670000001", "aria-describedby": "hint" });
  const wanted = element("select", { name: "state" }, element("option", { value: "" }, "any"), STATES.map((one) => element("option", { value: one }, one)));
  const account = element("input", { name: "account", autocomplete: "off", placeholder: "any" });
  const found = element("div", { "aria-live": "polite" });
  const form = element("form", { class: "asks", role: "search", onsubmit: (event) => { event.preventDefault(); look(); } },
    element("label", {}, "Number, id or reference", what), element("label", {}, "State", wanted), element("label", {}, "Account", account),
    element("button", { type: "submit" }, "Search"));
  place.append(sheet(null, form, element("p", { class: "quiet", id: "hint" }, "A number is written in full, as +237670000001. With nothing given, the latest messages.")), found);
  what.focus();
  look();

  async function look(before) {
    found.replaceChildren(element("p", { class: "quiet" }, "Searching …"));
    try {
      let page;
      for (const query of meant(what.value.trim())) {
        page = await get("/v1/admin/messages", { ...query, state: wanted.value, account: account.value.trim(), before });
        if (!running()) return;
        if (page.messages.length || page.next) break;
      }
      const rows = page.messages.map((one) => [
        time(one.created_at), element("a", { href: `#messages/${one.id}` }, element("code", {}, one.id.slice(0, 8), "…", one.id.slice(-4))),
        one.account, one.from || "–", element("code", {}, one.to), state(one.state), one.class, one.operator || "–", one.reference || "–",
      ]);
      found.replaceChildren(sheet(null, table([{ word: "accepted", kind: "short" }, { word: "message", kind: "short" }, "account", "from", "to", "state", "class", "operator", "reference"],
        rows, page.next ? "Nothing among the newest messages; older ones have not been looked at yet." : "No message is like that.", true),
      page.next ? element("button", { type: "button", class: "plain", onclick: () => look(page.next) }, "Older messages") : null));
    } catch (refused) {
      if (running()) found.replaceChildren(element("p", { class: "said", role: "alert" }, `Not found: ${refused.message}.`));
    }
  }
}

/** What somebody may mean who writes that into one field, the likeliest first. */
function meant(text) {
  if (!text) return [{}];
  if (UUID.test(text)) return [{ id: text }, { reference: text }];
  const number = { to: `+${text.replace(/\D/g, "")}` };
  if (/^\+[\d\s().-]+$/.test(text)) return [number];
  if (/^[\d\s().-]{7,}$/.test(text)) return [{ reference: text }, number];
  return text.includes("@") ? [{ to: text }, { reference: text }] : [{ reference: text }];
}

async function story(place, id, running) {
  const whole = element("div", {}, element("p", { class: "quiet" }, "Loading …"));
  place.append(element("p", {}, element("a", { href: "#messages" }, "← All messages")), whole);
  let message;
  try {
    message = await get(`/v1/admin/messages/${encodeURIComponent(id)}`);
  } catch (refused) {
    if (running()) whole.replaceChildren(element("p", { class: "said", role: "alert" }, `It cannot be shown: ${refused.message}.`));
    return;
  }
  if (!running()) return;
  const content = message.text !== null ? element("pre", { class: "text", dir: "auto" }, message.text)
    : message.data !== null ? element("code", {}, message.data) : element("p", { class: "quiet" }, "The content is not kept any more.");
  const candidates = element("div", {}, element("p", { class: "quiet" }, "Loading …"));
  whole.replaceChildren(
    element("div", { class: "grid" },
      sheet("Message", facts([
        ["state", state(message.state)], ["to", element("code", {}, message.to)], ["from", message.from], ["sent as", message.sent_as],
        ["account", message.account], ["came by", message.origin], ["reference", message.reference], ["class", message.class], ["channel", message.channel],
        ["operator", message.operator], ["network", network(message.network)], ["cost", money(message.cost)], ["price", money(message.price)],
        ["encoding", `${message.encoding}, ${message.segments} segment${message.segments === 1 ? "" : "s"}`],
        ["id", element("code", {}, message.id)], ["expires", message.expires_at ? time(message.expires_at) : null],
        ["may be double", message.possible_duplicate ? "yes" : null],
        ["error", message.error ? `${message.error.code}: ${message.error.detail}${message.error.smsc_error ? ` (${message.error.smsc_error})` : ""}` : null],
      ])),
      sheet("Content", content)),
    sheet("Timeline", element("ol", { class: "moments" }, message.timeline.map(moment))),
    sheet("Who could carry it", element("p", { class: "quiet" }, "By the plan that runs now, for the time it was accepted."), candidates));
  try {
    const decision = await post("/v1/route", { to: message.to, from: message.from, class: message.class, plan: message.plan, at: message.created_at }, message.account);
    if (running()) candidates.replaceChildren(ranking(decision));
  } catch (refused) {
    if (running()) candidates.replaceChildren(element("p", { class: "said" }, `That cannot be said: ${refused.message}.`));
  }
}

function moment(one) {
  return element("li", {}, one.time ? time(one.time) : element("span", { class: "quiet" }, "now"),
    element("span", { class: `kind ${one.state ? tone(one.state) : ""}` }, one.kind),
    element("span", { class: "what" }, one.operator && one.kind !== "attempt" && one.kind !== "routed" ? `${one.operator}: ` : "", one.text,
      one.part && one.part > 0 ? element("span", { class: "quiet" }, ` (part ${one.part})`) : null));
}

/** The candidates of a decision, as the previews show them too. */
export function ranking(decision) {
  return table([{ word: "rank", number: true }, "operator", "prefix", { word: "cost per part", number: true }, { word: "in base currency", number: true }, "usable"],
    decision.candidates.map((one) => [one.rank, one.operator === decision.operator ? element("strong", {}, one.operator) : one.operator,
      element("code", {}, one.prefix || "(all)"), money(one.cost), money(one.base_cost),
      one.usable ? element("span", { class: "good" }, "yes") : element("span", { class: "bad" }, (one.reason || "no").replaceAll("_", " "))]),
    "No operator reaches this number.");
}
