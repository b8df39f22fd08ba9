// A table whose rows are filled anew each second, while what is focused in it stays.

import { element } from "./draw.js";

/**
 * Heads as of `table`; `update` takes [{key, cells, acts}]: cells change, acts (a function that gives elements) are made
 * once for a key and stay in the last column.
 */
export function rows(heads, empty) {
  const columns = heads.map((head) => (typeof head === "string" ? { word: head } : head));
  const body = element("tbody", {});
  const kept = new Map();
  const whole = element("div", { class: "scroll stale", tabindex: "0" }, element("table", {},
    element("thead", {}, element("tr", {}, columns.map((column) => element("th", { scope: "col", class: column.number ? "number" : null }, column.word)))),
    body));

  function made(one) {
    const cells = one.cells.map((_, place) => element("td", { class: columns[place].number ? "number" : columns[place].kind || null }));
    const acts = one.acts ? element("td", {}, element("div", { class: "acts" }, one.acts())) : null;
    return { cells, row: element("tr", {}, cells, acts) };
  }

  return {
    whole,
    update(all) {
      const keys = new Set(all.map((one) => one.key));
      for (const [key, { row }] of kept) if (!keys.has(key)) { row.remove(); kept.delete(key); }
      if (!all.length) body.replaceChildren(element("tr", {}, element("td", { class: "empty", colspan: columns.length }, empty)));
      else if (!kept.size) body.replaceChildren();
      for (const one of all) {
        if (!kept.has(one.key)) {
          kept.set(one.key, made(one));
          body.append(kept.get(one.key).row);
        }
        kept.get(one.key).cells.forEach((cell, place) => {
          const value = one.cells[place];
          cell.replaceChildren(...[value].flat(Infinity).filter((child) => child !== null && child !== undefined));
        });
      }
    },
  };
}
