// The plan that runs, what the last reload changed, and the plans to go back to.

import { get, post } from "./api.js";
import { confirmed } from "./dialog.js";
import { element, facts, money, sheet, table, time } from "./draw.js";
import { live, watch } from "./live.js";

export function draw(place) {
  let gone = false;
  const said = element("p", { class: "said", role: "alert" });
  const whole = element("div", {}, element("p", { class: "quiet" }, "Loading …"));
  place.append(said, whole);
  let shown = 0;
  load();
  // Another may reload it.
  const unwatch = watch(() => { if (shown && live.sample && live.sample.plan_version !== shown) load(); });
  return () => {
    gone = true;
    unwatch();
  };

  async function load() {
    shown = 0;
    try {
      const plan = await get("/v1/plan");
      if (!gone) show(plan);
    } catch (refused) {
      if (!gone) whole.replaceChildren(element("p", { class: "said", role: "alert" }, `The plan cannot be read: ${refused.message}.`));
    }
  }

  async function reload(version) {
    const question = version ? `Go back to plan ${version}?` : "Reload the files?";
    const consequence = version ? "The files on disk are left alone: put them right before the next reload or start, which takes them."
      : "All files are loaded anew, all or nothing. Binds whose link did not change stay up.";
    if (!await confirmed(question, consequence, version ? "Go back" : "Reload", Boolean(version))) return;
    said.replaceChildren();
    try {
      const plan = await post("/v1/reload", version ? { version } : {});
      if (!gone) show(plan);
      if (plan.not_kept) said.textContent = `It runs, but could not be kept to go back to: ${plan.not_kept}.`;
    } catch (refused) {
      said.replaceChildren(`Refused, the running plan stays: ${refused.message}.`,
        element("ul", {}, refused.errors.map((one) => element("li", {}, element("code", {}, one.file ? `${one.file}:${one.line}` : one.field || ""), ` ${one.detail}`))));
    }
  }

  function show(plan) {
    shown = plan.version;
    whole.replaceChildren(
      sheet(`Version ${plan.version} runs`, facts([
        ["as version", plan.rolled_back_to === null ? null : `${plan.rolled_back_to} was`],
        ["operators", plan.operators.join(", ") || "none"], ["plans", plan.plans.join(", ")], ["accounts", `${plan.accounts}`],
        ["rules", `${plan.rules}`], ["rates", plan.rates.toLocaleString("en")], ["base currency", plan.base_currency],
      ]), element("p", {}, element("button", { type: "button", onclick: () => reload() }, "Reload the files"))),
      sheet("What the last reload changed", ...difference(plan.difference)),
      sheet("Plans to go back to", table([{ word: "version", number: true }, { word: "since", kind: "short" }, "caused by", ""],
        plan.kept.map((one) => [one.first === one.version ? `${one.version}` : `${one.first}–${one.version}`, time(one.at),
          one.rolled_back_to === null ? one.cause : `rollback to ${one.rolled_back_to}`,
          one.version === plan.version ? element("span", { class: "good" }, "runs")
            : element("button", { type: "button", class: "plain", "aria-label": `Go back to version ${one.version}`, onclick: () => reload(one.version) }, "Go back")]),
        "None is kept yet.")));
  }
}

function difference(found) {
  if (!found) return [element("p", { class: "quiet" }, "There was none since the daemon started.")];
  const rows = [
    ...named("operator", found.operators), ...found.binds.map((name) => ["operator", name, "binds", "", "all built anew"]),
    ...named("plan", found.plans), ...named("account", found.accounts),
    ...found.rules.removed.map((one) => ["rule", `${one.number}`, "removed", one.rule, ""]),
    ...found.rules.added.map((one) => ["rule", `${one.number}`, "added", "", one.rule]),
    ...found.settings.map((one) => ["setting", one.key, found.at_start.includes(one.key) ? "at the next start" : "", ...values(one)]),
    ...prices("rate", found.rates), ...prices("price", found.prices),
  ];
  return [table(["", "name", "change", "before", "after"], rows, "Nothing: the files say the same.")];
}

function named(kind, found) {
  return [
    ...found.added.map((name) => [kind, name, "added", "", ""]),
    ...found.removed.map((name) => [kind, name, "removed", "", ""]),
    ...found.changed.flatMap((one) => one.changes.map((change) => [kind, one.name, element("code", {}, change.key), ...values(change)])),
  ];
}

function values(change) {
  return change.secret ? ["(secret)", "changed"] : [change.before ?? "–", change.after ?? "–"];
}

function prices(kind, found) {
  return found.flatMap((one) => [
    ...one.first.map((price) => [kind, one.name, [price.prefix || "(all)", price.network, price.class, price.channel].filter(Boolean).join(" "), money(price.before), money(price.after)]),
    [kind, one.name, `${one.changed} changed, ${one.added} added, ${one.removed} removed in all`, "", ""],
  ]);
}
