# Who changed what.
audit-title = Audit
audit-empty = Nothing was changed yet.
audit-when = When
audit-who = Who
audit-what = What
audit-changes = Before and after
audit-older = Older
audit-more = { $count ->
    [one] and the like to one more
   *[other] and the like to { $count } more
}
audit-system = certherald itself
deed-domain-added = Added the domain { $name }
deed-domain-changed = Changed the options of { $name }
deed-domain-enabled = Enabled { $name }
deed-domain-disabled = Disabled { $name }
deed-domain-removed = Removed the domain { $name }
deed-contact-saved = Saved the contact { $name }
deed-contact-removed = Removed the contact { $name }
deed-setting-saved = Saved the notification setting of { $name }
deed-setting-cleared = Let { $name } follow the default setting again
deed-token-issued = Issued the token { $name }
deed-token-revoked = Revoked the token { $name }
deed-inbox-read = { $count ->
    [one] Marked a message to { $name } as read
   *[other] Marked { $count } messages to { $name } as read
}
deed-address-verified = Verified the address { $address } of { $name }
deed-silence-saved = Silenced { $name }
deed-silence-lifted = Lifted the silence of { $name }
deed-anomaly-acknowledged = Acknowledged “{ $anomaly }” of { $name }
deed-account-saved = Saved the account { $name }
deed-password-set = Set the password of { $name }
deed-password-resealed = Sealed the password of { $name } with another key
deed-sessions-ended = Ended all sessions of { $name }
deed-account-removed = Removed the account { $name }
deed-link-made = Made a one-time link for { $name }
deed-signed-in = Signed in as { $name } from { $address }
deed-signed-out = Signed out { $name }
deed-sign-ins-refused = { $count ->
    [one] Refused an attempt to sign in as { $name } from { $address }
   *[other] Refused { $count } attempts to sign in as { $name }, the last from { $address }
}
deed-link-used = Used a one-time link
deed-key-rotated = Put a fresh key in front of the key file
deed-key-retired = Took all older keys out of the key file
deed-unknown = Did something that this version does not know
audit-default-setting = all domains by default
audit-stranger = an unknown name
audit-erased = (erased)
