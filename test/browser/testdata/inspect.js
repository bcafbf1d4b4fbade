// Each check is about a rule of WCAG 2.2 that a page of text, tables, drawings and a form can break.
(() => {
  const faults = [], all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const fault = (what, element) => { if (faults.length < 20) faults.push(what + (element ? ": " + element.outerHTML.slice(0, 200) : "")); };
  const style = element => getComputedStyle(element);
  const most = 3000; // of a kind of element: the others are written by the same lines of the template

  if (document.documentElement.lang !== "en" || !document.title) fault("no language or no title");

  // Landmarks, each once, and all of the page in one of them.
  for (const landmark of ["body > header", "body > main", "body > footer", "form[role=search][aria-label]"]) {
    if (all(landmark).length !== 1) fault(all(landmark).length + " of " + landmark);
  }
  for (const child of document.body.children) {
    if (!child.matches("header, main, footer, form, script, a.skip")) fault("outside of all landmarks", child);
  }

  // Headings do not skip a level.
  let level = 0;
  if (all("h1").length !== 1) fault(all("h1").length + " headings of level 1");
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) fault("heading after one of level " + level, heading);
    if (!heading.textContent.trim()) fault("empty heading", heading);
    level = own;
  }

  // Names and references.
  const ids = new Set();
  for (const element of all("[id]")) {
    if (ids.has(element.id)) fault("id twice", element);
    ids.add(element.id);
  }
  for (const element of all("[aria-labelledby]")) {
    if (!ids.has(element.getAttribute("aria-labelledby"))) fault("no such label", element);
  }
  for (const link of all("a")) {
    if (!ids.has(link.getAttribute("href").slice(1)) || !link.textContent.trim()) fault("link to nothing, or without a name", link);
  }
  for (const field of all("input, select")) {
    if (!field.labels.length || !field.labels[0].textContent.trim()) fault("field without a label", field);
  }
  for (const button of all("button")) {
    if (!button.textContent.trim()) fault("button without a name", button);
  }
  if (new Set(all("button").map(button => button.textContent)).size !== all("button").length) fault("two buttons of one name");
  for (const fieldset of all("fieldset")) {
    if (!fieldset.querySelector("legend")) fault("fieldset without a legend", fieldset);
  }
  for (const header of all("th")) {
    if (!header.scope) fault("table header without a scope", header);
  }
  for (const drawing of all("svg")) {
    if (drawing.getAttribute("role") !== "img" || !drawing.getAttribute("aria-label")) fault("drawing without a name", drawing);
  }
  for (const figure of all("figure")) {
    if (figure.tabIndex !== 0 || !figure.getAttribute("aria-label")) fault("a drawing that a keyboard cannot scroll", figure);
  }
  for (const list of all("ul, ol")) {
    for (const child of list.children) if (child.tagName !== "LI") fault("list with something else", child);
  }
  if (!document.querySelector("[role=status]")) fault("filters change the page without saying so");

  // Contrast of each text with what is behind it.
  const parse = color => (color.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * x + .7152 * y + .0722 * z };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + .05) / (y + .05) };
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const color = parse(style(each).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const enough = (element, front, back) => {
    const found = contrast(parse(front), back);
    if (!(found >= 4.5)) fault("contrast " + found.toFixed(1), element);
  };
  const hasText = element => [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
  for (const element of all("body *:not(svg *, script, option)").filter(hasText).slice(0, most)) enough(element, style(element).color, behind(element));
  for (const text of all("svg text").slice(0, most)) {
    const shape = text.matches(".symbol") ? text.previousElementSibling : text.parentElement.querySelector(":scope > rect:not(.badge)");
    enough(text, style(text).fill, shape && !text.matches(".caption") ? parse(style(shape).fill) : behind(text.ownerSVGElement));
  }

  // Shapes are within their drawing, and texts within their box.
  for (const drawing of all("svg").filter(each => each.checkVisibility({ contentVisibilityAuto: true })).slice(0, 20)) {
    const frame = drawing.getBoundingClientRect();
    for (const shape of all("rect, text", drawing)) {
      const own = shape.getBoundingClientRect();
      if (own.left < frame.left - 1 || own.right > frame.right + 1 || own.top < frame.top - 1 || own.bottom > frame.bottom + 1) fault("outside of its drawing", shape);
    }
    for (const part of all("g", drawing)) {
      const box = part.querySelector("rect").getBoundingClientRect();
      for (const text of all("text", part)) if (text.getBoundingClientRect().right > box.right) fault("longer than its box", text);
    }
  }
  if (document.scripts.length !== 1) fault(document.scripts.length + " scripts");
  return faults;
})()
