// Every link and bind, and steering them.

import { post } from "./api.js";
import { confirmed } from "./dialog.js";
import { bar, count, element, rate, sheet, span, state, sum } from "./draw.js";
import { live, watch } from "./live.js";
import { rows } from "./rows.js";

const ACTS = {
  pause: ["Pause", "Nothing more is submitted to it; what waits goes to other operators where it can, or waits.", true],
  drain: ["Drain", "It finishes what it has and gets nothing new.", true],
  resume: ["Resume", "It gets its share of the traffic again at once.", false],
};

export function draw(place) {
  const said = element("p", { class: "said", role: "alert" });
  const operators = rows(["operator", "state", "binds", "window", { word: "submits/s", number: true }, { word: "receipts/s", number: true },
    { word: "TPS", number: true }, { word: "queued", number: true }, { word: "oldest", number: true }, ""], "No operator is configured.", true);
  const binds = rows(["operator", "bind", "state", { word: "for", number: true }, "window", { word: "submits/s", number: true },
    { word: "receipts/s", number: true }, "last error"], "No operator has a bind.", true);
  place.append(sheet("Operators", operators.whole, said), sheet("Binds", binds.whole));

  function acts(name) {
    return Object.entries(ACTS).map(([act, [verb, consequence, danger]]) => element("button", {
      type: "button", class: "plain", "aria-label": `${verb} ${name}`,
      onclick: async () => {
        if (!await confirmed(`${verb} ${name}?`, consequence, verb, danger)) return;
        said.textContent = "";
        try {
          await post(`/v1/operators/${encodeURIComponent(name)}/${act}`);
        } catch (refused) {
          said.textContent = `${verb} ${name}: ${refused.message}.`;
        }
      },
    }, verb));
  }

  function update() {
    const { sample } = live;
    if (!sample) return;
    operators.update(sample.operators.map(({ view }) => ({
      key: view.operator,
      acts: () => acts(view.operator),
      cells: [
        [element("strong", {}, view.operator), element("div", { class: "quiet" }, `${view.channel} by ${view.protocol}`)],
        [state(view.state), view.refusal ? element("div", { class: "bad" }, view.refusal) : null,
          view.receipt_flags.length ? element("div", { class: "warn" }, "odd receipts: ",
            [...new Set(view.receipt_flags.map((flag) => flag.check.replaceAll("_", " ")))].join(", ")) : null],
        `${view.binds.filter((bind) => /^(bound|open|idle)/.test(bind.state)).length} of ${view.binds.length}`,
        [bar(view.in_use, view.window, true), `${view.in_use}/${view.window}`],
        rate(sum(view.binds.map((bind) => bind.submits_per_second))),
        rate(sum(view.binds.map((bind) => bind.deliveries_per_second))),
        [view.tps ? rate(view.tps) : "no limit", view.throttle_factor < 1
          ? element("div", { class: "warn" }, `throttled to ${Math.round(view.throttle_factor * 100)} %`) : null],
        count(sum(view.queued)), span(view.oldest_seconds),
      ],
    })));
    binds.update(sample.operators.flatMap(({ view }) => view.binds.map((bind) => ({
      key: `${view.operator} ${bind.id}`,
      cells: [view.operator, element("code", {}, bind.id), state(bind.state), span(Math.max(0, (sample.at - bind.since) / 1000)),
        [bar(bind.in_use, bind.window, true), `${bind.in_use}/${bind.window}`], rate(bind.submits_per_second), rate(bind.deliveries_per_second),
        bind.last_error || element("span", { class: "quiet" }, "none")],
    }))));
  }
  const unwatch = watch(update);
  update();
  return unwatch;
}
