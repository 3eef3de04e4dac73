"use strict";
/* Buttons that copy a list, line by line, where the browser lets them. */
(function () {
  if (!navigator.clipboard) return;
  document.querySelectorAll("[data-copy]").forEach(function (button) {
    const list = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", function () {
      const lines = Array.from(list.children, function (line) { return line.textContent.trim(); });
      navigator.clipboard.writeText(lines.join("\n")).then(function () {
        button.textContent = button.dataset.copied;
      }, function () {
        button.hidden = true;
      });
    });
  });
})();
