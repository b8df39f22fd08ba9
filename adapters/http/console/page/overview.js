// What is going on now, and what needs a look.

import { chart } from "./charts.js";
import { count, element, figures, rate, sheet, span, state, sum } from "./draw.js";
import { live, watch } from "./live.js";
import { rows } from "./rows.js";

const ENDS = ["delivered", "undelivered", "expired", "rejected", "failed", "cancelled", "unknown"];
const RESULTS = ["matched", "early", "duplicate", "unmatched"];
const MANY_EVENTS = 1000;
const MOST_FLAGS = 4;

const quantiles = (name) => ["p50", "p95", "p99"].map((one) => ({ name: one, of: (point) => (point[name] ? point[name][one] : null) }));

export function draw(place) {
  const head = element("div", { class: "stale" });
  const look = element("section", { class: "sheet stale" });
  const charts = [
    chart("Messages per second", [
      { name: "accepted", of: (point) => point.accepted },
      { name: "ended", of: (point) => point.ended },
      { name: "refused", of: (point) => point.refused },
      { name: "parts submitted", of: (point) => point.submitted },
    ], rate),
    chart("Waiting to be submitted", [{ name: "messages", of: (point) => point.queued }], count),
    chart("From a submit's arrival to its answer", quantiles("accept"), span),
    chart("From writing a part to the operator's answer", quantiles("submit"), span),
  ];
  const ended = rows(["operator", ...ENDS.map((word) => ({ word, number: true })), { word: "delivered share", number: true }], "No operator is configured.");
  const receipts = rows(["operator", ...RESULTS.map((word) => ({ word, number: true }))], "No operator is configured.");
  const spend = rows(["operator", { word: "since the start", number: true }, { word: "lately, per hour", number: true }, { word: "today, of its cap", number: true }], "No operator is configured.");
  const lately = element("span", { class: "quiet" });
  place.append(head, look, element("div", { class: "grid" }, charts.map((one) => one.whole)),
    sheet("Messages by outcome", element("p", { class: "quiet" }, "Since the daemon started; with a plus those of ", lately, "."), ended.whole),
    element("div", { class: "grid" }, sheet("Receipts", receipts.whole), sheet("Spend by operator", spend.whole)));

  function update() {
    const { sample, first, points } = live;
    if (!sample) {
      head.replaceChildren(element("p", { class: "quiet" }, "Waiting for the first numbers …"));
      return;
    }
    const point = points[points.length - 1];
    const up = sample.operators.filter((one) => one.view.state === "up").length;
    head.replaceChildren(figures([
      ["accepted", point ? rate(point.accepted) : "–", "/s"],
      ["submitted", point ? rate(point.submitted) : "–", "parts/s"],
      ["ended", point ? rate(point.ended) : "–", "/s"],
      ["queued", count(sum(sample.operators.map((one) => sum(one.view.queued))))],
      ["operators up", `${up}`, `of ${sample.operators.length}`, up < sample.operators.length ? "warn" : ""],
      ["accept p95", point && point.accept ? span(point.accept.p95) : "–"],
      ["receipt p50", point && point.receipt ? span(point.receipt.p50) : "–"],
      ["plan", `${sample.plan_version}`],
    ]));
    const found = troubles(sample);
    look.replaceChildren(element("h2", {}, "What needs a look"), found.length
      ? element("ul", {}, found.map((one) => element("li", {}, one)))
      : element("p", { class: sample.operators.length ? "good" : "warn" }, sample.operators.length ? "Nothing: every operator is up." : "No operator is configured: nothing can be sent."));
    for (const one of charts) one.update(points);
    const before = new Map(first.operators.map((one) => [one.view.operator, one]));
    const seconds = Math.max((sample.at - first.at) / 1000, 1);
    lately.textContent = `the last ${span(seconds)}`;
    ended.update(sample.operators.map((one) => {
      const then = (before.get(one.view.operator) || { ended: {} }).ended;
      const cells = ENDS.map((name) => counted(one.ended[name], then[name]));
      const all = sum(one.ended);
      return { key: one.view.operator, cells: [one.view.operator, ...cells, all ? `${((one.ended.delivered || 0) / all * 100).toFixed(1)} %` : "–"] };
    }));
    receipts.update(sample.operators.map((one) => {
      const then = (before.get(one.view.operator) || { receipts: {} }).receipts;
      return { key: one.view.operator, cells: [one.view.operator, ...RESULTS.map((name) => counted(one.receipts[name], then[name]))] };
    }));
    spend.update(sample.operators.map((one) => ({ key: one.view.operator, cells: spent(one, before.get(one.view.operator), seconds) })));
  }
  const unwatch = watch(update);
  update();
  return () => {
    unwatch();
    for (const one of charts) one.end();
  };
}

function counted(now, then) {
  const all = now || 0;
  const more = all - (then || 0);
  return [count(all), more > 0 ? element("span", { class: "quiet" }, ` +${count(more)}`) : null];
}

function spent(one, before, seconds) {
  const then = before ? before.spend : {};
  const currencies = Object.keys(one.spend);
  const written = (amount, currency) => `${amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ${currency}`;
  const today = one.view.today;
  const cap = !today ? "–" : today.most_spend !== null ? `${today.spend} of ${today.most_spend}` : `${count(today.parts)} of ${count(today.most_parts)} parts`;
  return [
    one.view.operator,
    currencies.length ? currencies.map((name) => written(one.spend[name], name)).join(", ") : "–",
    currencies.length ? currencies.map((name) => written((one.spend[name] - (then[name] || 0)) / seconds * 3600, name)).join(", ") : "–",
    cap,
  ];
}

function odd(flags) {
  const shown = flags.slice(0, MOST_FLAGS).map((flag) => `${flag.check.replaceAll("_", " ")} for ${flag.network}`).join(", ");
  return flags.length > MOST_FLAGS ? `${shown} and ${flags.length - MOST_FLAGS} more` : shown;
}

/** One line for each thing that somebody should see to. */
function troubles(sample) {
  const link = (name) => element("a", { href: "#operators" }, name);
  return [
    ...sample.operators.flatMap(({ view }) => {
      const lines = [];
      const error = view.refusal || (view.binds.find((bind) => bind.last_error) || {}).last_error;
      if (view.state !== "up") lines.push([link(view.operator), " is ", state(view.state), error ? `: ${error}` : ""]);
      else if (view.binds.some((bind) => !/^(bound|open|idle)/.test(bind.state))) lines.push([link(view.operator), ": not every bind is up", error ? `: ${error}` : ""]);
      if (view.throttle_factor < 1) lines.push([link(view.operator), ` throttles us: ${Math.round(view.throttle_factor * 100)} % of its rate in use`]);
      if (view.receipt_flags.length) lines.push([link(view.operator), `: its receipts are odd (${odd(view.receipt_flags)})`]);
      return lines;
    }),
    ...sample.webhooks.filter((one) => one.parked || one.backlog > MANY_EVENTS).map((one) =>
      [`The webhook of ${one.account} ${one.parked ? "has failed for long" : "is behind"}: ${count(one.backlog)} events wait`]),
  ];
}
