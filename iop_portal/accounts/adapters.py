"""How allauth is fitted to the portal: no sign-up, every mail through the outbox, every step in the trail."""

from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from iop_portal.accounts import sessions, sign_in
from iop_portal.audit import trail
from iop_portal.people.models import User
from iop_portal.sealing import seal, unseal

CHANGES = {
    "account/email/password_changed": "account.password_changed",
    "account/email/password_set": "account.password_changed",
    "account/email/password_reset": "account.password_reset",
    "account/email/email_deleted": "account.address_removed",
    "mfa/email/totp_activated": "account.authenticator_added",
    "mfa/email/totp_deactivated": "account.authenticator_removed",
    "mfa/email/webauthn_added": "account.passkey_added",
    "mfa/email/webauthn_removed": "account.passkey_removed",
    "mfa/email/recovery_codes_generated": "account.recovery_codes_made",
}
SECOND_STEPS = {"account.authenticator_added": "totp", "account.passkey_added": "webauthn"}


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: an invitation is the only way in."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("This account is closed. Please call us."),
        "email_password_mismatch": _("The e-mail address or the password is not right. Check both, then try again."),
        "too_many_login_attempts": _("That was tried too many times. Wait five minutes, then try again."),
        "enter_current_password": _("This is not your password now. Try again."),
        "incorrect_password": _("This is not your password. Try again."),
        "incorrect_code": _("This code is not right, or was used already. Type the one that is shown now."),
        "same_as_current": _("This is your e-mail address already."),
        "duplicate_email": _("This is your e-mail address already."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        now = timezone.now()
        sessions.begin(request.session, now=now)
        trail.record("account.signed_in", user, by=user, at=now)

    def logout(self, request: HttpRequest) -> None:
        user = cast(User, request.user)
        trail.record("account.signed_out", user, by=user, at=timezone.now())
        super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Without the address that was tried: it may be a stranger's, or a password in the wrong field."""
        trail.record("account.sign_in_failed", at=timezone.now())

    def ask_for_new_password(self, user: User | None) -> None:
        sign_in.ask_for_new_password(user, now=timezone.now())

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Whatever else allauth would send tells an address about an account it does not have. Nothing goes out."""

    def send_confirmation_mail(
        self, request: HttpRequest, emailconfirmation: EmailConfirmationHMAC, signup: bool
    ) -> None:
        sign_in.ask_to_confirm(emailconfirmation.email_address, now=timezone.now())

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """allauth tells of every change to an account here; the trail and the owner learn of it."""
        now = timezone.now()
        if template_prefix == "account/email/email_changed" and email:
            sign_in.tell_former_address(email, user=user, now=now)
            return
        verb = CHANGES[template_prefix]
        sign_in.tell_of_change(verb, user=user, now=now)
        if verb in SECOND_STEPS:
            # Sessions from before it began with a password alone.
            record_authentication(self.request, user, method="mfa", type=SECOND_STEPS[verb])
            sessions.end_others(user, but=self.request.session.session_key)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Changing it signs one out, so that a stolen session ends as well."""
        return reverse("account_login")

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        return reverse("mfa_index" if self.request.user.is_authenticated else "account_login")


class MFAAdapter(DefaultMFAAdapter):
    """Authenticator secrets are sealed before they are stored."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": _("People who work here keep a second step. Add another one first."),
        "incorrect_code": _("This code is not right, or was used already. Type the one that is shown now."),
        "unverified_email": _("Confirm your new e-mail address first. We sent you a link."),
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        if not authenticator.user.is_staff_member:
            return True
        others = Authenticator.objects.filter(
            user=authenticator.user, type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
        )
        return bool(others.exclude(pk=authenticator.pk).exists())

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey %(number)d") % {"number": number}

    def _get_site_name(self) -> str:
        """What a phone shows beside the key: neutral, and never the host."""
        return gettext("Portal")
