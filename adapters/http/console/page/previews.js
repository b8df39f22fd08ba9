// What would happen: the real POST /v1/route and /v1/segment, in the place of an account.

import { get, post } from "./api.js";
import { element, facts, money, network, sheet, state, table, time } from "./draw.js";
import { ranking } from "./messages.js";

export function draw(place) {
  let gone = false;
  const account = element("select", { name: "account", required: true });
  const said = element("p", { class: "said", role: "alert" });
  place.append(sheet(null, element("form", { class: "asks" }, element("label", {}, "In the place of account", account)), said),
    element("div", { class: "grid" }, route(account), segment(account)));
  get("/v1/accounts").then(({ accounts }) => {
    if (gone) return;
    account.replaceChildren(...accounts.map((one) => element("option", { value: one.account }, one.status === "active" ? one.account : `${one.account} (${one.status})`)));
    if (!accounts.length) said.textContent = "There is no account to ask for: add one in accounts.yaml.";
  }, (refused) => { said.textContent = `The accounts cannot be read: ${refused.message}.`; });
  return () => { gone = true; };
}

const CLASSES = ["otp", "transactional", "marketing"];
const classes = () => element("select", { name: "class" }, CLASSES.map((one) => element("option", { value: one, selected: one === "transactional" }, one)));
const given = (form) => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, name === "text" ? value : value.trim()]).filter(([, value]) => value !== ""));

function asker(title, fields, verb, path, shown, account) {
  const answer = element("div", { "aria-live": "polite" });
  const form = element("form", {
    class: "asks",
    onsubmit: async (event) => {
      event.preventDefault();
      try {
        answer.replaceChildren(...shown(await post(path, given(form), account.value)));
      } catch (refused) {
        const fields_ = refused.errors.map((one) => one.field).filter(Boolean).join(", ");
        answer.replaceChildren(element("p", { class: "said", role: "alert" }, `${refused.code}: ${refused.message}${fields_ ? ` (${fields_})` : ""}.`));
      }
    },
  }, fields, element("button", { type: "submit" }, verb));
  return sheet(title, form, answer);
}

function route(account) {
  return asker("Who would carry it", [
    element("label", {}, "To", element("input", { name: "to", required: true, autocomplete: "off", placeholder: "+237670000001" })),
    element("label", {}, "From", element("input", { name: "from", autocomplete: "off", placeholder: "the account's default" })),
    element("label", {}, "Class", classes()),
    element("label", {}, "Plan", element("input", { name: "plan", autocomplete: "off", placeholder: "the account's" })),
  ], "Ask for the route", "/v1/route", (decision) => [
    facts([
      ["goes by", decision.operator ? element("strong", {}, decision.operator) : element("span", { class: "bad" }, decision.refusal ? `nobody: ${decision.refusal}` : "nobody now")],
      ["network", network(decision.network)], ["plan", decision.plan], ["rule", decision.rule ? `${decision.rule.number ?? decision.rule}` : "none"],
      ["waits for", decision.waiting_for ? [decision.waiting_for.replaceAll("_", " "), " until ", time(decision.waits_until)] : null],
    ]),
    element("p", {}),
    ranking(decision),
  ], account);
}

function segment(account) {
  return asker("How a text is cut", [
    element("label", { class: "wide" }, "Text", element("textarea", { name: "text", required: true })),
    element("label", {}, "Encoding", element("select", { name: "encoding" }, ["auto", "gsm7", "ucs2"].map((one) => element("option", { value: one }, one)))),
    element("label", {}, "To, for the cost", element("input", { name: "to", autocomplete: "off" })),
    element("label", {}, "Class", classes()),
  ], "Cut the text", "/v1/segment", (cut) => [
    facts([
      ["segments", `${cut.segments}`], ["encoding", [cut.encoding, cut.reason ? `, because of ${typeof cut.reason === "string" ? cut.reason : JSON.stringify(cut.reason)}` : ""]],
      ["units", `${cut.units}, at most ${cut.units_per_segment} in a segment`],
      ["language", cut.language ? cut.language.name : null], ["goes by", cut.operator], ["cost", cut.cost ? money(cut.cost) : null], ["price", cut.price ? money(cut.price) : null],
    ]),
    element("p", {}),
    table([{ word: "part", number: true }, { word: "units", number: true }, "text"], cut.parts.map((part, index) => [`${index + 1}`, `${part.units}`, element("pre", { class: "text", dir: "auto" }, part.text)])),
  ], account);
}
