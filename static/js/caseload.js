"use strict";
/* j and k move through the rows of a caseload, Enter opens the chart. A click anywhere in a row does too. */
(function () {
  const rows = Array.from(document.querySelectorAll(".caseload tbody tr"));
  const hint = document.querySelector("[data-keys]");
  if (!rows.length) return;
  if (hint) hint.hidden = false;

  let here = -1;
  function mark(at) {
    if (rows[here]) rows[here].removeAttribute("data-here");
    here = at;
    rows[here].setAttribute("data-here", "");
  }
  function go(to) {
    if (to >= 0 && to < rows.length) rows[to].querySelector("th a").focus();
  }

  document.addEventListener("keydown", function (event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea")) return;
    /* Single keys act only where the list has the focus, so that they never surprise anybody who types elsewhere. */
    if (!event.target.closest("#caseload")) return;
    if (event.key === "j") go(here + 1);
    if (event.key === "k") go(here - 1);
  });
  rows.forEach(function (row, at) {
    row.addEventListener("focusin", function () { mark(at); });
    row.addEventListener("click", function (event) {
      if (event.target.closest("a, button, summary, details, input") || String(window.getSelection())) return;
      row.querySelector("th a").click();
    });
  });
})();
