// A table whose rows are filled anew each second, while what is focused in it stays.

import { element, frame } from "./draw.js";

/**
 * Heads and `cards` as of `frame`; `update` takes [{key, cells, acts}]: cells change, acts (a function that gives elements) are made
 * once for a key and stay in the last column.
 */
export function rows(heads, empty, cards) {
  const body = element("tbody", { role: "rowgroup" });
  const kept = new Map();
  const drawn = frame(heads, body, cards);
  const { whole } = drawn;
  whole.classList.add("stale");

  function made(one) {
    const cells = one.cells.map((_, place) => drawn.cell(place, []));
    const acts = one.acts ? drawn.cell(cells.length, element("div", { class: "acts" }, one.acts())) : [];
    return { cells, row: drawn.row([cells, acts]) };
  }

  return {
    whole,
    update(all) {
      const keys = new Set(all.map((one) => one.key));
      for (const [key, { row }] of kept) if (!keys.has(key)) { row.remove(); kept.delete(key); }
      if (!all.length) body.replaceChildren(drawn.empty(empty));
      else if (!kept.size) body.replaceChildren();
      for (const one of all) {
        if (!kept.has(one.key)) {
          kept.set(one.key, made(one));
          body.append(kept.get(one.key).row);
        }
        kept.get(one.key).cells.forEach((cell, place) => {
          // What did not change stays as it is: somebody may be about to copy it.
          const fresh = drawn.cell(place, one.cells[place]);
          if (!cell.isEqualNode(fresh)) cell.replaceChildren(...fresh.childNodes);
        });
      }
    },
  };
}
