// The stream of numbers (Server-Sent Events): one connection for the whole page, and what came by it lately.

import { headers } from "./api.js";

const SILENCE = 5000;
const KEPT = 600;
const PAUSES = [1000, 2000, 4000, 8000];

/** `state` is connecting, live or lost; `since` is when it last changed to lost. `first` is what recent counts begin at. */
export const live = { state: "connecting", since: 0, sample: null, first: null, points: [] };

const listeners = new Set();
let running = null;

/** `call` is run after every change; gives what ends that. */
export function watch(call) {
  listeners.add(call);
  return () => listeners.delete(call);
}

export function start(out) {
  stop();
  running = new AbortController();
  follow(running, out);
}

export function stop() {
  if (running) running.abort();
  running = null;
  Object.assign(live, { state: "connecting", sample: null, first: null, points: [] });
}

async function follow(mine, out) {
  let failures = 0;
  while (!mine.signal.aborted) {
    try {
      const answer = await fetch("/console/live", { headers: headers(), signal: mine.signal, cache: "no-store" });
      if (answer.status === 401) return out();
      if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
      await read(answer.body.getReader(), () => { failures = 0; });
    } catch {
      // Said below, whatever it was.
    }
    if (mine.signal.aborted) return;
    if (live.state !== "lost") Object.assign(live, { state: "lost", since: Date.now() });
    tell();
    await new Promise((done) => { setTimeout(done, PAUSES[Math.min(failures, PAUSES.length - 1)]); });
    failures += 1;
  }
}

async function read(reader, heard) {
  const decoder = new TextDecoder();
  let left = "";
  try {
    for (;;) {
      const { done, value } = await within(reader.read());
      if (done) return;
      left += decoder.decode(value, { stream: true });
      const frames = left.split("\n\n");
      left = frames.pop();
      for (const frame of frames) take(frame);
      heard();
      tell();
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function within(reading) {
  let timer;
  const silent = new Promise((_, fail) => { timer = setTimeout(() => fail(new Error("silence")), SILENCE); });
  return Promise.race([reading, silent]).finally(() => clearTimeout(timer));
}

function take(frame) {
  const lines = frame.split("\n");
  const name = lines.find((line) => line.startsWith("event: "));
  const data = lines.find((line) => line.startsWith("data: "));
  if (!name || !data) return;
  const value = JSON.parse(data.slice(6));
  if (name === "event: history") {
    live.points = value;
  } else if (name === "event: sample") {
    if (live.first === null || live.first.started !== value.started) live.first = value;
    if (value.point) live.points.push(value.point);
    if (live.points.length > KEPT) live.points.shift();
    live.sample = value;
    live.state = "live";
  }
}

function tell() {
  for (const call of [...listeners]) call();
}
