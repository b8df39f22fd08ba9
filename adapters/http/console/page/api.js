// Calls of the API, in the session of this page. The token goes by once, at the login, and is kept nowhere.

/** What the daemon refused, or that it did not answer (code `unreachable`). */
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail);
    this.code = problem.code;
    this.errors = problem.errors || [];
  }
}

const OURS = { "X-Carrier-Router-Console": "1" };
let whenOut = () => {};

/** `call` is run once the session is over. */
export function onOut(call) {
  whenOut = call;
}

export function headers(more) {
  return { ...OURS, ...more };
}

export async function ask(method, path, { body, account } = {}) {
  const sent = headers();
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (account) sent["X-Account"] = account;
  let answer, content;
  try {
    answer = await fetch(path, {
      method, headers: sent, cache: "no-store", credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    content = await answer.json();
  } catch {
    throw new Refused({ code: "unreachable", detail: "the daemon does not answer" });
  }
  if (answer.ok) return content;
  const refused = new Refused(content);
  if (answer.status === 401 && path !== "/console/session") whenOut();
  throw refused;
}

export const get = (path, query) => {
  const given = Object.entries(query || {}).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return ask("GET", given.length ? `${path}?${new URLSearchParams(given)}` : path);
};
export const post = (path, body, account) => ask("POST", path, { body, account });
