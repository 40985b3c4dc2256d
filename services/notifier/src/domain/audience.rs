//! Who is told of an event, through what, and when they may be.
//!
//! Asked twice: when an event comes, and again when a delivery is about to be sent, since people
//! change their minds in between.

use jiff::SignedDuration;
use proto::{
    id::ContactId,
    subject::Token,
    v1::{AnomalyTime, Kind, NotificationSetting, Severity, delivery_dropped::Why, event::Phase},
};

use crate::domain::{
    news::News,
    roster::{Address, Contact, INTERNAL, Roster},
    thread::step::Cause,
};

/// Contacts of one setting. The console allows no more; what is beyond is not told.
const CONTACTS_MAX: usize = 10;

/// Channels of one setting: above the number that there are.
const METHODS_MAX: usize = 16;

/// Days between reminders where the setting does not say.
const REPEAT_DAYS: u32 = 1;

/// Most days between reminders. The console allows no more: what was told is known for as long as
/// its stream holds it, and is said anew before that.
const REPEAT_DAYS_MAX: u32 = 60;

/// One contact through one channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recipient {
    /// Who.
    pub contact: ContactId,
    /// How.
    pub channel: Token,
}

impl Recipient {
    /// A contact through its inbox.
    ///
    /// # Panics
    ///
    /// Never: the name of the channel is a token.
    pub fn inbox(contact: ContactId) -> Self {
        let channel = INTERNAL.parse().expect("a constant that is a token");
        Self { contact, channel }
    }
}

/// The people of this installation, and who of them runs it.
#[derive(Debug, Clone, Copy)]
pub struct People<'a> {
    /// Contacts and settings.
    pub roster: &'a Roster,
    /// Id or name of the contact that is told of a blind prober. None: those of the default
    /// setting.
    pub operator: Option<&'a str>,
}

/// That somebody is to be told, and on what terms.
#[derive(Debug, PartialEq)]
pub struct Terms<'a> {
    /// Who.
    pub contact: &'a Contact,
    /// Where.
    pub address: Address,
    /// When they may be told. None: always.
    pub window: Option<&'a AnomalyTime>,
    /// Whether that does not hold for what is critical.
    pub critical_any_time: bool,
    /// Days between reminders. None: never.
    pub repeat_days: Option<u32>,
}

impl<'a> People<'a> {
    /// Everyone who is to be told of an event now, in the order of the setting. Of a recovery:
    /// everyone who would be, if they were told of what recovered.
    pub fn audience(&self, news: &News) -> Vec<Recipient> {
        let Some(setting) = self.roster.setting(news.domain()) else {
            return self.operators_everywhere(news);
        };
        let contacts = match self.operator_for(news) {
            Some(operator) => vec![operator],
            None => listed(&setting.contacts),
        };
        self.reached(news, setting, contacts, Cause::Event)
    }

    /// Who is to be told of what nobody acknowledges, and after how long. Nobody, where the setting
    /// says nothing of it, or the news are not critical.
    pub fn escalation(&self, news: &News) -> Option<(SignedDuration, Vec<Recipient>)> {
        let setting = self.roster.setting(Some(news.domain()?))?;
        let escalation = setting.escalation.as_ref().filter(|escalation| escalation.minutes > 0)?;
        if news.severity() != Severity::Critical || news.alarm().is_none() {
            return None;
        }
        let contacts = listed(&escalation.contacts);
        let reached = self.reached(news, setting, contacts, Cause::Escalation);
        Some((SignedDuration::from_mins(escalation.minutes.into()), reached))
    }

    fn reached(
        &self,
        news: &News,
        setting: &NotificationSetting,
        contacts: Vec<ContactId>,
        cause: Cause,
    ) -> Vec<Recipient> {
        let pairs = contacts.into_iter().flat_map(|contact| {
            methods(setting).into_iter().map(move |channel| Recipient { contact, channel })
        });
        pairs.filter(|one| self.terms(news, one, cause).is_ok()).collect()
    }

    /// The terms on which a recipient is told of an event for this cause, as things stand now.
    ///
    /// # Errors
    ///
    /// Why they are not.
    pub fn terms(
        &self,
        news: &News,
        recipient: &Recipient,
        cause: Cause,
    ) -> Result<Terms<'a>, Why> {
        let contact = self.roster.contact(&recipient.contact).ok_or(Why::NoAddress)?;
        let address = contact.address(&recipient.channel).ok_or(Why::NoAddress)?;
        let operator = self.operator_for(news);
        let setting = match (self.roster.setting(news.domain()), operator) {
            (Some(setting), _) => setting,
            (None, Some(id)) if id == recipient.contact => {
                return Ok(Terms::always(contact, address));
            }
            (None, _) => return Err(Why::NotWanted),
        };
        let expected = match operator {
            Some(operator) => operator == recipient.contact,
            None => is_expected(setting, news, recipient, cause),
        };
        // The inbox also takes what another channel could not deliver: it tells the end of it as
        // well.
        let is_method = methods(setting).contains(&recipient.channel)
            || news.phase() == Phase::Recovered && recipient.channel.as_str() == INTERNAL;
        let wanted = setting.enabled && expected && is_method && wants_kind(setting, news);
        if !wanted {
            return Err(Why::NotWanted);
        }
        let window = setting.anomaly_time.as_ref();
        Ok(Terms {
            contact,
            address,
            window,
            critical_any_time: window.is_some_and(|window| window.critical_any_time),
            repeat_days: repeat_days(setting),
        })
    }

    /// Whether the inbox of a contact is told of an event in any case.
    pub fn is_in_inbox(&self, news: &News, contact: ContactId) -> bool {
        self.terms(news, &Recipient::inbox(contact), Cause::Event).is_ok()
    }

    /// Where a recipient is reached whatever the settings say: for tests and for what a person
    /// sends again.
    ///
    /// # Errors
    ///
    /// When the contact is gone, or has no address.
    pub fn reach(&self, recipient: &Recipient) -> Result<Terms<'a>, Why> {
        let contact = self.roster.contact(&recipient.contact).ok_or(Why::NoAddress)?;
        let address = contact.address(&recipient.channel).ok_or(Why::NoAddress)?;
        Ok(Terms::always(contact, address))
    }

    /// Where a recipient is asked whether it reads there.
    ///
    /// # Errors
    ///
    /// When the contact is gone, or has no address that is to be verified.
    pub fn ask(&self, recipient: &Recipient) -> Result<Terms<'a>, Why> {
        let contact = self.roster.contact(&recipient.contact).ok_or(Why::NoAddress)?;
        let address = contact.unverified(&recipient.channel).ok_or(Why::NoAddress)?;
        Ok(Terms::always(contact, address))
    }

    /// The operator, if this is news for it and one is named.
    fn operator_for(&self, news: &News) -> Option<ContactId> {
        let name = self.operator.filter(|_| news.domain().is_none())?;
        self.roster.named(name)
    }

    /// Without any setting: the operator, through every channel that reaches it.
    fn operators_everywhere(&self, news: &News) -> Vec<Recipient> {
        let Some(id) = self.operator_for(news) else { return Vec::new() };
        let contact = self.roster.contact(&id);
        let channels = contact.into_iter().flat_map(Contact::channels);
        channels
            .filter_map(|channel| Some(Recipient { contact: id, channel: channel.parse().ok()? }))
            .collect()
    }
}

impl<'a> Terms<'a> {
    fn always(contact: &'a Contact, address: Address) -> Self {
        let repeat_days = Some(REPEAT_DAYS);
        Self { contact, address, window: None, critical_any_time: true, repeat_days }
    }
}

/// Whether the setting names the contact for this cause. Whom it names second also hears of the end
/// of what it was told.
fn is_expected(
    setting: &NotificationSetting,
    news: &News,
    recipient: &Recipient,
    cause: Cause,
) -> bool {
    let is_second = |ids: &[String]| listed(ids).contains(&recipient.contact);
    let second = setting.escalation.as_ref().filter(|escalation| is_second(&escalation.contacts));
    match cause {
        Cause::Escalation => second.is_some(),
        Cause::Unspecified
        | Cause::Event
        | Cause::Reminder
        | Cause::Test
        | Cause::Again
        | Cause::Verification
        | Cause::ChannelBroken => {
            listed(&setting.contacts).contains(&recipient.contact)
                || news.phase() == Phase::Recovered && second.is_some()
        }
    }
}

fn listed(contacts: &[String]) -> Vec<ContactId> {
    once_each(contacts.iter().filter_map(|id| id.parse().ok()), CONTACTS_MAX)
}

fn methods(setting: &NotificationSetting) -> Vec<Token> {
    let tokens = setting.methods.iter().filter_map(|token| token.parse().ok());
    once_each(tokens, METHODS_MAX)
}

fn once_each<T: PartialEq>(items: impl Iterator<Item = T>, max: usize) -> Vec<T> {
    let mut kept = Vec::new();
    for item in items {
        if kept.len() < max && !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

/// Whether a setting lets this kind through. A recovery always passes: who was told of the anomaly
/// must hear of its end.
fn wants_kind(setting: &NotificationSetting, news: &News) -> bool {
    if news.phase() == Phase::Recovered {
        return true;
    }
    if setting.kinds.is_empty() {
        return news.kind() != Kind::CertificateChanged;
    }
    setting.kinds.contains(&(news.kind() as i32))
}

fn repeat_days(setting: &NotificationSetting) -> Option<u32> {
    let days = setting.repeat.as_ref().map_or(REPEAT_DAYS, |repeat| repeat.days);
    (days > 0).then_some(days.min(REPEAT_DAYS_MAX))
}

#[cfg(test)]
mod tests {
    use proto::subject::Entity;

    use super::*;
    use crate::domain::sample;

    fn told(roster: &Roster, news: &News) -> Vec<String> {
        let people = People { roster, operator: None };
        people.audience(news).iter().map(|one| one.channel.to_string()).collect()
    }

    fn with_setting(change: impl FnOnce(&mut NotificationSetting)) -> Roster {
        let mut setting = sample::setting();
        change(&mut setting);
        let mut roster = sample::roster();
        sample::save_setting(&mut roster, Entity::DefaultSetting, setting);
        roster
    }

    #[test]
    fn every_method_with_an_address_is_used_once() {
        let news = sample::opened(Kind::Expired);
        assert_eq!(told(&sample::roster(), &news), ["email", "internal"]);
        let doubled =
            with_setting(|setting| setting.methods.extend(["email".into(), "fax".into()]));
        assert_eq!(told(&doubled, &news), ["email", "internal"], "nobody has a fax address");
    }

    #[test]
    fn what_is_switched_off_is_told_to_nobody() {
        let roster = with_setting(|setting| setting.enabled = false);
        assert_eq!(told(&roster, &sample::opened(Kind::Expired)), [""; 0]);
        let one = Recipient { contact: sample::ops(), channel: "email".parse().unwrap() };
        let people = People { roster: &roster, operator: None };
        assert_eq!(
            people.terms(&sample::opened(Kind::Expired), &one, Cause::Event),
            Err(Why::NotWanted)
        );
        assert!(people.reach(&one).is_ok(), "a test goes out all the same");
    }

    #[test]
    fn a_changed_certificate_is_told_only_where_it_is_asked_for() {
        let changed = sample::noted();
        assert_eq!(told(&sample::roster(), &changed), [""; 0]);
        let kinds = vec![Kind::CertificateChanged as i32];
        let roster = with_setting(|setting| setting.kinds = kinds);
        assert_eq!(told(&roster, &changed).len(), 2);
        assert_eq!(told(&roster, &sample::opened(Kind::Expired)), [""; 0]);
        assert_eq!(told(&roster, &sample::recovered(&[Kind::Expired])).len(), 2);
    }

    #[test]
    fn a_contact_without_the_address_is_not_told() {
        let mut roster = sample::roster();
        sample::save_contact(&mut roster, sample::ops(), &sample::contact_saved("Ops", &[]));
        assert_eq!(told(&roster, &sample::opened(Kind::Expired)), ["internal"]);
    }

    #[test]
    fn a_blind_prober_is_told_to_the_operator_alone() {
        let mut roster = sample::roster();
        let chief = ContactId::from_bytes([9; 16]);
        let saved = sample::contact_saved("Chief", &[("email", "chief@example.com")]);
        sample::save_contact(&mut roster, chief, &saved);
        let named = People { roster: &roster, operator: Some("chief") };
        let blind = sample::blind();
        assert!(named.audience(&blind).iter().all(|one| one.contact == chief));
        assert_eq!(named.audience(&blind).len(), 2);
        let of_domain = named.audience(&sample::opened(Kind::Expired));
        assert!(of_domain.iter().all(|one| one.contact == sample::ops()));
        let unnamed = People { roster: &roster, operator: None };
        assert!(unnamed.audience(&blind).iter().all(|one| one.contact == sample::ops()));
    }

    #[test]
    fn an_operator_needs_no_setting() {
        let mut roster = Roster::default();
        let saved = sample::contact_saved("Chief", &[("email", "chief@example.com")]);
        sample::save_contact(&mut roster, sample::ops(), &saved);
        let people = People { roster: &roster, operator: Some("Chief") };
        let told = people.audience(&sample::blind());
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|one| people.terms(&sample::blind(), one, Cause::Event).is_ok()));
        assert_eq!(people.audience(&sample::opened(Kind::Expired)), []);
    }

    #[test]
    fn whom_the_setting_names_second_hears_of_what_is_critical_and_of_its_end() {
        let chief = ContactId::from_bytes([9; 16]);
        let contacts = vec![chief.to_string()];
        let escalation = proto::v1::Escalation { minutes: 30, contacts };
        let mut roster = with_setting(|setting| setting.escalation = Some(escalation));
        sample::save_contact(&mut roster, chief, &sample::contact_saved("Chief", &[]));
        let people = People { roster: &roster, operator: None };
        let critical = sample::opened(Kind::Expired);
        let (after, second) = people.escalation(&critical).unwrap();
        assert_eq!(after, SignedDuration::from_mins(30));
        let [inbox] = &second[..] else { panic!("{second:?}") };
        assert_eq!((inbox.contact, inbox.channel.as_str()), (chief, INTERNAL));
        assert_eq!(people.terms(&critical, inbox, Cause::Event), Err(Why::NotWanted));
        let over = sample::recovered(&[Kind::Expired]);
        assert!(people.terms(&over, inbox, Cause::Event).is_ok());
        let warning = sample::with(&critical, |event| event.severity = Severity::Warning.into());
        assert_eq!(people.escalation(&warning), None);
    }

    #[test]
    fn reminders_come_daily_unless_it_is_said_otherwise() {
        let days = |repeat| repeat_days(&NotificationSetting { repeat, ..sample::setting() });
        assert_eq!(days(None), Some(1));
        assert_eq!(days(Some(proto::v1::Repeat { days: 7 })), Some(7));
        assert_eq!(days(Some(proto::v1::Repeat { days: 0 })), None);
        assert_eq!(days(Some(proto::v1::Repeat { days: 365 })), Some(60));
    }
}
