"use strict";
/* What is typed into a message is kept while it is written, on the server and sealed, so that a session which ends or a
   connection which breaks loses nothing. Without this there is a button. */
(function () {
  document.querySelectorAll("form[data-keeps]").forEach(function (form) {
    let timer = 0;
    let sent = false;

    function keep() {
      const said = new FormData(form);
      said.set("keep", "1");
      /* It does not count as somebody being there: the session ends as it would. */
      window.fetch(window.location.pathname, {
        method: "POST",
        credentials: "same-origin",
        redirect: "manual",
        headers: { "X-Portal-Poll": "1" },
        body: said,
      }).catch(function () {});
    }

    form.addEventListener("input", function () {
      window.clearTimeout(timer);
      timer = window.setTimeout(function () { if (!sent) keep(); }, 2000);
    });
    form.addEventListener("submit", function () {
      sent = true;
      window.clearTimeout(timer);
    });
  });
})();
