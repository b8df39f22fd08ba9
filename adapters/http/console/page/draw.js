// Elements, words and numbers. Whatever comes from outside goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function element(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function drawing(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

export function swatch(series) {
  return drawing("svg", { class: "swatch", viewBox: "0 0 10 10", "aria-hidden": "true" },
    drawing("rect", { width: 10, height: 10, rx: 2, class: `s${series}` }));
}

/** A share of something, for the eye; the numbers stand beside it. `limit` marks one that is nearly all. */
export function bar(part, whole, limit) {
  const share = whole > 0 ? Math.min(1, part / whole) : 0;
  return drawing("svg", { class: limit && share >= 0.95 ? "bar full" : "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    drawing("rect", { class: "all", width: 100, height: 10, rx: 2 }),
    drawing("rect", { class: "part", width: share * 100, height: 10, rx: 2 }));
}

const kind = (column) => (column.number ? "number" : column.kind || null);

/**
 * The frame of a table around its body; a head is a word, or {word, number, kind}. With `cards` each row is a card of its
 * own on a phone.
 */
export function frame(heads, body, cards) {
  const columns = heads.map((head) => (typeof head === "string" ? { word: head } : head));
  return {
    whole: element("div", { class: cards ? "scroll cards" : "scroll", tabindex: "0" }, element("table", { role: "table" },
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, columns.map((column) =>
        element("th", { role: "columnheader", scope: "col", class: kind(column) }, column.word)))), body)),
    cell: (place, children) => element("td", { role: "cell", class: kind(columns[place]), "data-head": columns[place].word }, children),
    row: (cells) => element("tr", { role: "row" }, cells),
    empty: (words) => element("tr", { role: "row" }, element("td", { role: "cell", class: "empty", colspan: columns.length }, words)),
  };
}

/** A table of what does not change; cells are what `element` takes as children. Without rows it says `empty`. */
export function table(heads, rows, empty, cards) {
  const body = element("tbody", { role: "rowgroup" });
  const drawn = frame(heads, body, cards);
  if (!rows.length) body.append(drawn.empty(empty));
  for (const cells of rows) body.append(drawn.row(cells.map((one, place) => drawn.cell(place, one))));
  return drawn.whole;
}

export function sheet(title, ...children) {
  return element("section", { class: "sheet" }, title ? element("h2", {}, title) : null, children);
}

export function facts(pairs) {
  return element("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

export function figures(pairs) {
  return element("dl", { class: "figures" }, pairs.map(([name, value, unit, tone]) =>
    element("div", {}, element("dt", {}, name), element("dd", { class: tone }, value, unit ? element("small", {}, ` ${unit}`) : null))));
}

const GOOD = new Set(["up", "delivered", "done", "accepted", "open", "idle", "active", "sent", "bound_trx", "bound_tx", "bound_rx"]);
const BAD = new Set(["down", "circuit_open", "refused", "failed", "rejected", "undelivered", "expired", "removed", "unauthorized", "closed"]);
const WARN = new Set(["paused", "draining", "drained", "waiting", "connecting", "cap_reached", "throttled", "unknown", "waits", "deleted", "suspended"]);

export function tone(word) {
  if (GOOD.has(word)) return "good";
  if (BAD.has(word)) return "bad";
  return WARN.has(word) ? "warn" : "";
}

export function state(word) {
  return element("span", { class: `state ${tone(word)}` }, word.replaceAll("_", " "));
}

export function count(number) {
  return Math.round(number).toLocaleString("en");
}

export function rate(number) {
  return number >= 100 ? count(number) : number.toFixed(number >= 10 || number === 0 ? 0 : 1);
}

/** Seconds as people say them. */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds === 0) return "0 s";
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

/** A time of the API (RFC 3339 or milliseconds) in UTC, which is what the logs have. */
export function time(at) {
  if (at === null || at === undefined) return "–";
  const text = new Date(at).toISOString();
  return element("time", { datetime: text, title: new Date(at).toString() }, `${text.slice(0, 10)} ${text.slice(11, 23)}Z`);
}

export function money(amount) {
  return amount ? `${amount.amount} ${amount.currency}` : "–";
}

export function sum(numbers) {
  return Object.values(numbers || {}).reduce((total, one) => total + one, 0);
}

export function network(one) {
  if (!one) return "–";
  const code = [one.mcc, one.mnc].filter(Boolean).join("-");
  return [one.name, code].filter(Boolean).join(" ") || "–";
}
