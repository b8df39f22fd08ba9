// How much waits, for whom, how long.

import { chart } from "./charts.js";
import { bar, count, element, sheet, span, state, sum } from "./draw.js";
import { live, watch } from "./live.js";
import { rows } from "./rows.js";

const CLASSES = ["otp", "transactional", "marketing"];

export function draw(place) {
  const depth = chart("Waiting to be submitted", [{ name: "messages", of: (point) => point.queued }], count);
  const queues = rows(["operator", "state", ...CLASSES.map((word) => ({ word, number: true })), { word: "all", number: true },
    { word: "oldest", number: true }, "share of all"], "No operator is configured.");
  const hooks = rows(["account", { word: "events waiting", number: true }, ""], "No account has a webhook.");
  const refusals = rows(["code", { word: "refused", number: true }], "Nothing was refused since the daemon started.");
  place.append(depth.whole, sheet("By operator and class", queues.whole),
    element("div", { class: "grid" }, sheet("Webhooks", hooks.whole), sheet("Refused at submit", refusals.whole)));

  function update() {
    const { sample, points } = live;
    if (!sample) return;
    depth.update(points);
    const all = sum(sample.operators.map((one) => sum(one.view.queued)));
    queues.update(sample.operators.map(({ view }) => ({
      key: view.operator,
      cells: [view.operator, state(view.state), ...CLASSES.map((name) => count(view.queued[name] || 0)), count(sum(view.queued)),
        element("span", { class: view.oldest_seconds > 60 ? "warn" : "" }, span(view.oldest_seconds)), bar(sum(view.queued), all)],
    })));
    hooks.update(sample.webhooks.map((one) => ({
      key: one.account, cells: [one.account, count(one.backlog), one.parked ? element("span", { class: "bad" }, "failed for long; tried now and then") : ""],
    })));
    refusals.update(Object.entries(sample.refused).sort((one, other) => other[1] - one[1])
      .map(([code, number]) => ({ key: code, cells: [element("code", {}, code), count(number)] })));
  }
  const unwatch = watch(update);
  update();
  return () => {
    unwatch();
    depth.end();
  };
}
