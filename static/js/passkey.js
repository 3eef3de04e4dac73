"use strict";
/* Passkeys need scripts and a browser that knows them. The style sheet hides what offers them where there are no
   scripts, before anything is drawn, and this where there are no passkeys. A button says by its data which ceremony
   it begins, and where the options and the answer are. */
(function () {
  if (!window.PublicKeyCredential) {
    document.documentElement.classList.add("no-passkeys");
    return;
  }

  document.querySelectorAll("[data-passkey]").forEach(function (button) {
    const facts = button.dataset;
    const ids = { credential: facts.credential };
    ids[facts.button] = button.id;
    if (facts.options) ids.data = facts.options;
    if (facts.passwordless) ids.passwordless = facts.passwordless;
    window.allauth.webauthn.forms[facts.passkey]({ ids: ids });
  });

  /* Somebody who changes their mind is told so once, on the page. */
  document.addEventListener("allauth.error", function (event) {
    event.preventDefault();
    document.querySelectorAll("[data-passkey-problem]").forEach(function (problem) { problem.hidden = false; });
  });
})();
