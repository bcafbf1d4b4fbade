"use strict";
(() => {
  const byId = id => document.getElementById(id);
  const form = byId("filter"), search = byId("search"), status = byId("status"), none = byId("none");
  const chosen = { namespace: byId("namespace"), rule: byId("rule") }, onlyNew = byId("new");
  const levels = [...form.querySelectorAll("[name=level]")];
  const number = count => count.toLocaleString("en");
  let groups;

  // read collects the findings once, when a reader first filters.
  function read() {
    groups = [...document.querySelectorAll(".namespace")].map(space => ({
      space, articles: [...space.querySelectorAll("article")].map(article => {
        const title = (space.firstElementChild.textContent + " " + article.querySelector("h4").textContent).toLowerCase();
        return { article, rows: [...article.querySelectorAll("li")].map(row => ({ row, text: title + " " + row.textContent.toLowerCase() })) };
      }),
    }));
  }

  function show(element, visible) {
    if (element.hidden === visible) element.hidden = !visible;
    return visible;
  }

  function filter() {
    if (!groups) read();
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const allowed = new Set(levels.filter(box => box.checked).map(box => box.value));
    const matches = ({ row, text }) => allowed.has(row.dataset.level) && (!chosen.rule.value || row.dataset.rule === chosen.rule.value) &&
      (!onlyNew || !onlyNew.checked || "new" in row.dataset) && words.every(word => text.includes(word));
    let shown = 0, total = 0;
    for (const { space, articles } of groups) {
      const open = !chosen.namespace.value || space.dataset.namespace === chosen.namespace.value;
      let inSpace = 0;
      for (const { article, rows } of articles) {
        const found = rows.filter(each => show(each.row, open && matches(each))).length;
        show(article, found > 0);
        inSpace += found;
        total += rows.length;
      }
      show(space, inSpace > 0);
      shown += inSpace;
    }
    show(none, shown === 0 && total > 0);
    status.textContent = shown === total ? number(total) + (total === 1 ? " finding" : " findings") : number(shown) + " of " + number(total) + " findings";
  }

  let waiting;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(filter, 60); };
  form.addEventListener("input", soon);
  form.addEventListener("reset", soon);
  form.addEventListener("submit", event => { event.preventDefault(); filter(); toFindings(); });
  for (const button of document.querySelectorAll("button.show")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      chosen[button.dataset.field].value = button.dataset.value;
      filter();
      toFindings();
    });
  }
  form.hidden = false;
  filterOnReturn();

  function toFindings() {
    byId("findings").scrollIntoView();
    byId("findings").focus();
  }

  // filterOnReturn applies what the browser has kept in the form when it returns to the page.
  function filterOnReturn() {
    if (search.value || chosen.rule.value || chosen.namespace.value || levels.some(box => !box.checked) || (onlyNew && onlyNew.checked)) filter();
  }
})();
