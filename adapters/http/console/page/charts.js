// Lines over the last ten minutes, by uPlot.

import { element, swatch } from "./draw.js";

const LEAST = 60;
const MOST = 600;

function colour(series) {
  const probe = element("span", {});
  document.body.append(probe);
  probe.style.color = `var(--${series})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/**
 * A chart that `update` draws anew: `lines` are {name, of: point => number or null}, `shown` writes a value.
 */
export function chart(title, lines, shown) {
  const place = element("div", { class: "chart", role: "img", "aria-label": title });
  const values = lines.map(() => element("b", {}, "–"));
  const legend = element("div", { class: "legend" }, lines.map((line, index) =>
    element("span", {}, swatch(index + 1), `${line.name} `, values[index])));
  const whole = element("section", { class: "sheet stale" }, element("h2", {}, title), place, legend);
  let plot = null;
  let points = [];
  let drawn = [];  // the point, or the hole, at each place of the plot

  function options() {
    const quiet = colour("quiet");
    const axis = { stroke: quiet, grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    return {
      width: Math.max(place.clientWidth, 200), height: 190,
      legend: { show: false }, cursor: { drag: { x: false, y: false }, points: { size: 6 } },
      padding: [8, 4, 0, 0],
      scales: { y: { range: (self, low, high) => [0, high > 0 ? high * 1.1 : 1] }, x: { range: (self, low, high) => [high - Math.min(MOST, Math.max(LEAST, high - low)), high] } },
      axes: [
        { ...axis, size: 28, space: 70, values: (self, splits, axis_, space, step) => splits.map((at) => new Date(at * 1000).toISOString().slice(11, step < 60 ? 19 : 16)) },
        { ...axis, size: 56, space: 36, values: (self, splits) => splits.map(shown) },
      ],
      series: [{}, ...lines.map((line, index) => ({ stroke: colour(`series-${index + 1}`), width: 1.6, points: { show: false }, spanGaps: false }))],
      hooks: { setCursor: [(self) => say(self.cursor.idx)] },
    };
  }

  function say(index) {
    const point = index === null || index === undefined ? points[points.length - 1] : drawn[index];
    lines.forEach((line, place_) => {
      const value = point ? line.of(point) : null;
      values[place_].textContent = value === null ? "–" : shown(value);
    });
  }

  function data() {
    // A hole in time is a hole in the lines.
    drawn = [];
    const at = [];
    points.forEach((point, index) => {
      if (index && point.at - points[index - 1].at > 5000) {
        at.push(points[index - 1].at / 1000 + 1);
        drawn.push(null);
      }
      at.push(point.at / 1000);
      drawn.push(point);
    });
    return [at, ...lines.map((line) => drawn.map((point) => (point ? line.of(point) : null)))];
  }

  function rebuild() {
    if (plot) plot.destroy();
    plot = null;
    if (points.length) plot = new window.uPlot(options(), data(), place);
  }

  const resized = new ResizeObserver(() => { if (plot) plot.setSize({ width: Math.max(place.clientWidth, 200), height: 190 }); });
  resized.observe(place);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", rebuild);

  return {
    whole,
    update(now) {
      points = now;
      if (!plot) rebuild();
      else plot.setData(data());
      say(plot ? plot.cursor.idx : null);
    },
    end() {
      resized.disconnect();
      dark.removeEventListener("change", rebuild);
      if (plot) plot.destroy();
    },
  };
}
