// Who has steered what, newest first.

import { get } from "./api.js";
import { element, sheet, state, table, time } from "./draw.js";

const SHOWN = 100;
const NEWEST = Number.MAX_SAFE_INTEGER;

export function draw(place) {
  let gone = false;
  const whole = element("div", {});
  place.append(whole);
  load(NEWEST);
  return () => { gone = true; };

  async function load(before) {
    whole.replaceChildren(element("p", { class: "quiet" }, "Loading …"));
    try {
      const { entries, next } = await get("/v1/audit", { before, limit: SHOWN });
      if (gone) return;
      const rows = entries.map((one) => [time(one.time), one.who, element("code", {}, one.action), element("code", {}, one.subject || "–"), state(one.outcome)]);
      whole.replaceChildren(sheet(null, table([{ word: "time", kind: "short" }, "who", "action", "of", "outcome"], rows, "Nothing is on record."),
        entries.length === SHOWN ? element("button", { type: "button", class: "plain", onclick: () => load(next) }, "Older entries") : null));
    } catch (refused) {
      if (!gone) whole.replaceChildren(element("p", { class: "said", role: "alert" }, `The record cannot be read: ${refused.message}.`));
    }
  }
}
