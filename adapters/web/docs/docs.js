"use strict";

// Draws the OpenAPI document that the page names. Every word of it goes in as text, never as markup.

const address = document.getElementById("content").dataset.document;

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

// `code` in a sentence of ours.
function sentence(text) {
  return text.split("`").map((piece, place) => (place % 2 ? element("code", {}, piece) : piece));
}

function nameOf(reference) {
  return reference.split("/").pop();
}

// A schema as a short phrase, linked to the types it names.
function phrase(schema) {
  if (!schema || Object.keys(schema).length === 0) return ["any"];
  if (schema.$ref) return [element("a", { href: `#type-${nameOf(schema.$ref)}` }, nameOf(schema.$ref))];
  const choices = schema.anyOf || schema.oneOf;
  if (choices) {
    return choices.flatMap((choice, place) => (place ? [" or ", ...phrase(choice)] : phrase(choice)));
  }
  if (schema.allOf) return phrase(schema.allOf[0]);
  if (schema.enum) return [element("code", {}, schema.enum.join(" | "))];
  if (schema.type === "array") return ["list of ", ...phrase(schema.items)];
  let words = schema.format || (schema.contentEncoding ? schema.contentEncoding : schema.type || "any");
  const limits = [];
  if (schema.minimum !== undefined) limits.push(`from ${schema.minimum}`);
  if (schema.maximum !== undefined) limits.push(`to ${schema.maximum}`);
  if (schema.minLength) limits.push(`at least ${schema.minLength}`);
  if (schema.maxLength) limits.push(`at most ${schema.maxLength}`);
  if (limits.length) words += `, ${limits.join(" ")}`;
  return [words];
}

function describe(schema) {
  if (schema.description) return schema.description;
  const choice = (schema.anyOf || []).find((one) => one.description);
  return choice ? choice.description : "";
}

function table(heads, rows) {
  return element("div", { class: "scroll" },
    element("table", {},
      element("thead", {}, element("tr", {}, heads.map((head) => element("th", { scope: "col" }, head)))),
      element("tbody", {}, rows.map((cells) => element("tr", {}, cells.map((cell) => element("td", {}, cell)))))));
}

function fields(schema) {
  const required = new Set(schema.required || []);
  const rows = Object.entries(schema.properties || {}).map(([name, field]) => [
    [element("code", required.has(name) ? { class: "must" } : {}, name)],
    phrase(field),
    field.default === undefined || field.default === null ? [] : [element("code", {}, JSON.stringify(field.default))],
    sentence(describe(field)),
  ]);
  return table(["Field", "Type", "Default", "Meaning"], rows);
}

function drawCall(method, path, call) {
  const drawn = element("section", { class: "call", id: call.operationId },
    element("h3", {}, element("span", { class: `method ${method}` }, method.toUpperCase()), element("code", {}, path)),
    element("p", { class: "summary" }, call.summary,
      call.security ? element("span", { class: "quiet" }, ` (${Object.keys(call.security[0])[0]} token)`) : null));
  if (call.parameters) {
    drawn.append(element("h4", {}, "Parameters"), table(["Name", "In", "Type", "Meaning"], call.parameters.map((one) => [
      [element("code", one.required ? { class: "must" } : {}, one.name)], [one.in], phrase(one.schema),
      sentence(one.description || describe(one.schema)),
    ])));
  }
  if (call.requestBody) {
    drawn.append(element("h4", {}, "Body"), element("p", { class: "summary" }, phrase(call.requestBody.content["application/json"].schema)));
  }
  drawn.append(element("h4", {}, "Answers"), table(["Status", "Body", "When"], Object.entries(call.responses).map(([status, answer]) => {
    const [media, content] = Object.entries(answer.content)[0];
    return [[element("code", {}, status)], content.schema.type === "string" ? [media] : phrase(content.schema), sentence(answer.description)];
  })));
  return drawn;
}

function draw(api) {
  const contents = document.getElementById("contents");
  const content = document.getElementById("content");
  document.getElementById("state").replaceWith(
    element("p", { class: "quiet" }, `Version ${api.info.version} · `, element("a", { href: address }, address.split("/").pop())),
    element("p", {}, sentence(api.info.description)));
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, call] of Object.entries(methods)) {
      const tag = call.tags[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push([method, path, call]);
    }
  }
  for (const [tag, calls] of groups) {
    contents.append(element("h2", {}, tag));
    content.append(element("h2", {}, tag));
    for (const [method, path, call] of calls) {
      contents.append(element("a", { href: `#${call.operationId}` },
        element("span", { class: `method ${method}` }, method.toUpperCase()), path));
      content.append(drawCall(method, path, call));
    }
  }
  contents.append(element("h2", {}, "Types"));
  content.append(element("h2", {}, "Types"));
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    contents.append(element("a", { href: `#type-${name}` }, name));
    content.append(element("section", { class: "type", id: `type-${name}` },
      element("h3", {}, name),
      schema.description ? element("p", { class: "summary" }, sentence(schema.description)) : null,
      schema.properties ? fields(schema) : element("p", { class: "summary" }, phrase(schema))));
  }
  // The page was empty when the browser looked for the place in its address.
  if (location.hash) {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) target.scrollIntoView();
  }
}

fetch(address)
  .then((answer) => {
    if (!answer.ok) throw new Error(`the daemon answered ${answer.status}`);
    return answer.json();
  })
  .then(draw)
  .catch((error) => { document.getElementById("state").textContent = `This page could not be drawn: ${error.message}`; });
