//! Who enters, with what role.

use serde_json::json;

use super::*;

const ISSUER: &str = "https://id.example";

/// The accounts there are, and the rules.
struct Given(Vec<Profile>, Rules);

/// Who came, and what was decided.
struct When(Result<Admission, Refusal>);

fn given(accounts: &[Profile]) -> Given {
    Given(accounts.to_vec(), Rules::default())
}

impl Given {
    fn newcomers_are(mut self, role: Role) -> Self {
        self.1.newcomers = Some(role);
        self
    }

    fn email_is_trusted(mut self) -> Self {
        self.1.trusts_email = true;
        self
    }

    fn groups_are_in(mut self, claim: &str) -> Self {
        let roles = [("ops", Role::Admin), ("staff", Role::Viewer)];
        let roles = roles.map(|(group, role)| (group.to_owned(), role)).into();
        self.1.groups = Some(Groups { claim: claim.to_owned(), roles });
        self
    }

    fn when(&self, subject: &str, claims: Value) -> When {
        self.when_both(subject, &[claims])
    }

    fn when_both(&self, subject: &str, claims: &[Value]) -> When {
        let Self(accounts, rules) = self;
        let person = Person::read((ISSUER, subject), claims, rules);
        let administrators = || accounts.iter().filter(|profile| profile.administers());
        let is_last = |id| administrators().map(Profile::id).eq([id]);
        When(admit(&person, &accounts.iter().collect::<Vec<_>>(), is_last, rules))
    }
}

impl When {
    #[track_caller]
    fn then_enters(self, name: &str) {
        self.then(name, None);
    }

    #[track_caller]
    fn then_is_saved(self, saved: Profile) {
        let changes = vec![Change::Role(saved.role), Change::Subject(saved.subject)];
        self.then(&saved.name, Some(Command::Change(changes)));
    }

    #[track_caller]
    fn then_is_added(self, added: Profile) {
        self.then(&added.name.clone(), Some(Command::Add(added)));
    }

    #[track_caller]
    fn then_refused(self, refusal: Refusal) {
        assert_eq!(self.0, Err(refusal));
    }

    #[track_caller]
    fn then_stays_administrator(self, name: &str, given: Role) {
        let (account, spared) = (profile::id(name), Some(given));
        assert_eq!(self.0, Ok(Admission { account, first: None, spared }));
    }

    #[track_caller]
    fn then(self, name: &str, first: Option<Command>) {
        assert_eq!(self.0, Ok(Admission { account: profile::id(name), first, spared: None }));
    }
}

fn account(name: &str, role: Role) -> Profile {
    Profile::read(name, role.token(), None).unwrap()
}

/// The account of somebody whom the provider knows.
fn linked(name: &str, role: Role, subject: &str) -> Profile {
    Profile { subject: Some(format!("{ISSUER} {subject}")), ..account(name, role) }
}

fn mail(address: &str) -> Value {
    json!({ "email": address, "email_verified": true })
}

#[test]
fn whoever_was_here_before_is_known_by_issuer_and_subject_alone() {
    let given_ada = || given(&[linked("ada@a.example", Role::Editor, "42")]);
    given_ada().when("42", json!({})).then_enters("ada@a.example");
    given_ada().when("42", mail("new@a.example")).then_enters("ada@a.example");
    let unverified = json!({ "email": "eve@a.example", "email_verified": false });
    given_ada().when("42", unverified).then_enters("ada@a.example");
    given_ada().when("43", mail("ada@a.example")).then_refused(Refusal::Taken);
    let elsewhere = Some("https://x 42".to_owned());
    let ada = Profile { subject: elsewhere, ..account("ada@a.example", Role::Editor) };
    given(&[ada]).when("42", mail("ada@a.example")).then_refused(Refusal::Taken);
}

#[test]
fn an_account_is_found_once_by_a_verified_mail_address() {
    let ada = account("ada@a.example", Role::Editor);
    let given = given(&[ada]);
    given.when("42", mail(" Ada@A.example")).then_is_saved(linked(
        "ada@a.example",
        Role::Editor,
        "42",
    ));
    for unverified in [
        json!({ "email": "ada@a.example" }),
        json!({ "email": "ada@a.example", "email_verified": false }),
        json!({ "email": "ada@a.example", "email_verified": "true" }),
    ] {
        given.when("42", unverified).then_refused(Refusal::Unverified);
    }
    let chosen = json!({ "preferred_username": "ada@a.example" });
    given.when("42", chosen).then_refused(Refusal::Nameless);
}

#[test]
fn a_provider_that_does_not_say_may_be_trusted_and_one_that_denies_never() {
    let given = given(&[account("ada@a.example", Role::Editor)]).email_is_trusted();
    given.when("42", json!({ "email": "ada@a.example" })).then_is_saved(linked(
        "ada@a.example",
        Role::Editor,
        "42",
    ));
    let denied = json!({ "email": "ada@a.example", "email_verified": false });
    given.when("42", denied).then_refused(Refusal::Unverified);
}

#[test]
fn a_chosen_name_opens_nobodys_account() {
    let given = given(&[account("ada", Role::Admin)]).newcomers_are(Role::Viewer);
    given.when("42", json!({ "preferred_username": "ada" })).then_refused(Refusal::Taken);
    given.when("42", json!({ "preferred_username": "Bob" })).then_is_added(linked(
        "bob",
        Role::Viewer,
        "42",
    ));
}

#[test]
fn a_newcomer_gets_an_account_where_that_is_wanted() {
    given(&[]).when("42", mail("ada@a.example")).then_refused(Refusal::Unknown);
    let given = given(&[]).newcomers_are(Role::Editor);
    given.when("42", mail("ada@a.example")).then_is_added(linked(
        "ada@a.example",
        Role::Editor,
        "42",
    ));
    given.when("42", json!({})).then_refused(Refusal::Nameless);
    given.when("42", json!({ "preferred_username": "a b" })).then_refused(Refusal::Nameless);
    let odd = json!({
        "email": "o'hara@a.example", "email_verified": true, "preferred_username": "ohara"
    });
    given.when("42", odd).then_is_added(linked("ohara", Role::Editor, "42"));
}

#[test]
fn nobody_enters_with_an_account_that_is_disabled() {
    let disabled = |profile: Profile| Profile { disabled: true, ..profile };
    let ada = disabled(linked("ada@a.example", Role::Admin, "42"));
    given(&[ada]).when("42", mail("ada@a.example")).then_refused(Refusal::Disabled);
    let ada = disabled(account("ada@a.example", Role::Admin));
    given(&[ada]).when("42", mail("ada@a.example")).then_refused(Refusal::Disabled);
}

#[test]
fn groups_give_the_highest_role_at_each_sign_in() {
    let ada = || linked("ada@a.example", Role::Editor, "42");
    let given = given(&[ada()]).groups_are_in("groups");
    given.when("42", json!({ "groups": ["staff", "ops", "choir"] })).then_is_saved(linked(
        "ada@a.example",
        Role::Admin,
        "42",
    ));
    given.when("42", json!({ "groups": "staff" })).then_is_saved(linked(
        "ada@a.example",
        Role::Viewer,
        "42",
    ));
    for without in [json!({}), json!({ "groups": ["choir"] }), json!({ "groups": [7] })] {
        given.when("42", without).then_refused(Refusal::NoRole);
    }
    let given = given.newcomers_are(Role::Editor);
    given.when("42", json!({ "groups": ["choir"] })).then_enters("ada@a.example");
}

#[test]
fn groups_leave_the_last_administrator_one() {
    let ada = || linked("ada@a.example", Role::Admin, "42");
    let staff = || json!({ "groups": ["staff"] });
    let eve = || linked("eve@a.example", Role::Editor, "43");
    let away = || Profile { disabled: true, ..linked("bob@a.example", Role::Admin, "44") };
    let alone = given(&[ada(), eve(), away()]).groups_are_in("groups");
    alone.when("42", staff()).then_stays_administrator("ada@a.example", Role::Viewer);
    alone.when("42", json!({ "groups": ["ops"] })).then_enters("ada@a.example");
    alone.when("42", json!({ "groups": [] })).then_refused(Refusal::NoRole);
    alone.when("43", staff()).then_is_saved(linked("eve@a.example", Role::Viewer, "43"));
    let two = given(&[ada(), account("bob", Role::Admin)]).groups_are_in("groups");
    two.when("42", staff()).then_is_saved(linked("ada@a.example", Role::Viewer, "42"));
}

#[test]
fn groups_are_found_where_providers_put_them() {
    for (claim, claims) in [
        ("realm_access.roles", json!({ "realm_access": { "roles": ["ops"] } })),
        ("https://a.example/groups", json!({ "https://a.example/groups": ["ops"] })),
        ("urn:zitadel:roles", json!({ "urn:zitadel:roles": { "ops": { "1": "a.example" } } })),
    ] {
        let given = given(&[linked("ada", Role::Viewer, "42")]).groups_are_in(claim);
        given.when("42", claims).then_is_saved(linked("ada", Role::Admin, "42"));
    }
}

#[test]
fn what_the_first_claims_lack_the_second_tell() {
    let given = given(&[]).groups_are_in("groups");
    let (thin, user_info) = (json!({ "email": "ada@a.example" }), mail("ada@a.example"));
    let groups = json!({ "groups": ["staff"] });
    given.when_both("42", &[thin.clone(), user_info.clone(), groups]).then_is_added(linked(
        "ada@a.example",
        Role::Viewer,
        "42",
    ));
    let person = |claims: &[Value]| Person::read((ISSUER, "42"), claims, &Rules::default());
    let both = [thin, user_info.clone()];
    assert!(!person(&both[..1]).is_whole(&Rules::default()));
    assert!(person(&both).is_whole(&Rules::default()));
    assert!(!person(&[user_info]).is_whole(&given.1), "groups are lacking");
}

#[test]
fn there_is_an_end_to_accounts() {
    let many: Vec<_> =
        (0..ACCOUNTS_MAX).map(|n| linked(&format!("a{n}"), Role::Viewer, &n.to_string())).collect();
    let given = given(&many).newcomers_are(Role::Viewer);
    given.when("x", mail("ada@a.example")).then_refused(Refusal::Full);
    given.when("7", json!({})).then_enters("a7");
}
