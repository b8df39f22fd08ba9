// The console: login, the pages by the address behind #, and what stands above them.

import { ask, get, onOut } from "./api.js";
import { draw as audit } from "./audit.js";
import { element, time } from "./draw.js";
import { live, start, stop, watch } from "./live.js";
import { draw as messages } from "./messages.js";
import { draw as operators } from "./operators.js";
import { draw as overview } from "./overview.js";
import { draw as plan } from "./plan.js";
import { draw as previews } from "./previews.js";
import { draw as queues } from "./queues.js";

const PAGES = [
  ["overview", "Overview", overview],
  ["queues", "Queues", queues],
  ["operators", "Operators", operators],
  ["messages", "Messages", messages],
  ["previews", "Previews", previews],
  ["plan", "Plan", plan],
  ["audit", "Audit", audit],
];

const place = document.getElementById("page");
const bar = document.getElementById("bar");
const alarm = document.getElementById("alarm");
const pulse = document.getElementById("pulse");
let end = () => {};

function show() {
  end();
  end = () => {};
  const [name, ...rest] = decodeURIComponent(location.hash.slice(1)).split("/");
  const [key, title, draw] = PAGES.find((one) => one[0] === name) || PAGES[0];
  for (const link of document.querySelectorAll("#pages a")) {
    if (link.dataset.page === key) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${title} – Carrier Router`;
  place.replaceChildren(element("h1", {}, title));
  end = draw(place, rest) || end;
}

function head() {
  const word = { live: "live", lost: "no answer", connecting: "connecting" }[live.state];
  pulse.className = live.state;
  if (pulse.textContent !== word) pulse.textContent = word;
  document.body.classList.toggle("lost", live.state === "lost");
  const trouble = live.sample && live.sample.trouble;
  alarm.hidden = live.state !== "lost" && !trouble;
  if (alarm.hidden) alarm.textContent = "";
  else if (live.state === "lost") say(["The daemon has not answered since ", time(live.since), "; trying again. What is shown is what it said last."]);
  else say([`The daemon takes no work: ${trouble.replaceAll("_", " ")}.`]);
}

function say(words) {
  // Only what is new is announced.
  const drawn = element("span", {}, words);
  if (alarm.textContent !== drawn.textContent) alarm.replaceChildren(drawn);
}

function enter() {
  bar.hidden = false;
  document.getElementById("pages").replaceChildren(...PAGES.map(([key, title]) =>
    element("a", { href: `#${key}`, "data-page": key }, title)), element("a", { href: "/docs" }, "API"));
  start(out);
  show();
}

function out() {
  stop();
  end();
  end = () => {};
  bar.hidden = true;
  document.getElementById("asking").close();
  head();
  login("closed");
}

function login(state) {
  document.title = "Log in – Carrier Router";
  if (state === "off") {
    place.replaceChildren(element("section", { class: "sheet login" }, element("h1", {}, "The console is off"),
      element("p", {}, "It needs an admin token. Set ", element("code", {}, "http.admin_token"), " in router.yaml, ",
        "e.g. ", element("code", {}, "admin_token: ${ADMIN_TOKEN}"), ", then reload.")));
    return;
  }
  const token = element("input", { type: "password", name: "token", autocomplete: "off", required: true, "aria-describedby": "said" });
  const said = element("p", { class: "said", id: "said", role: "alert" });
  const button = element("button", { type: "submit" }, "Log in");
  const form = element("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      button.disabled = true;
      said.textContent = "";
      try {
        await ask("POST", "/console/session", { body: { token: token.value } });
        enter();
      } catch (refused) {
        said.textContent = `Not logged in: ${refused.message}.`;
        button.disabled = false;
        token.select();
      }
    },
  }, element("label", {}, "Admin token", token), button, said);
  place.replaceChildren(element("section", { class: "sheet login" }, element("h1", {}, "Carrier Router"), form));
  token.focus();
}

document.getElementById("logout").addEventListener("click", async () => {
  try {
    await ask("DELETE", "/console/session");
  } finally {
    out();
  }
});
onOut(out);
watch(() => { if (!bar.hidden) head(); });
window.addEventListener("hashchange", () => { if (!bar.hidden) { show(); place.focus(); } });

try {
  const { state } = await get("/console/session");
  if (state === "open") enter();
  else login(state);
} catch (refused) {
  place.replaceChildren(element("p", { class: "said", role: "alert" }, `The console cannot be drawn: ${refused.message}.`));
}
