"use strict";
/* The button to print appears where a script can do it; without, the browser's own menu prints the page. */
document.querySelectorAll("[data-print]").forEach(function (button) {
  button.hidden = false;
  button.addEventListener("click", function () { window.print(); });
});
