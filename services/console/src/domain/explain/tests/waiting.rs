//! What holds news up: the anomaly time, and addresses that are left alone.

use super::*;

#[test]
fn outside_the_anomaly_time_news_waits_and_what_is_critical_may_pass() {
    let story = Story::begun().with_setting(evening(false)).said(0, "email", due(Cause::Event));
    let told = story.told("email");
    assert_eq!((told.0, told.1), (Fate::Waits, "anomaly_time"));
    assert_eq!(told.2, "The anomaly time opens at 2026-11-22 19:00 UTC: it is judged again then.");
    assert_eq!(
        story.explained().summary.to_string(),
        "News waits until 2026-11-22 19:00 UTC, and is judged again then."
    );
    let passes = Story::begun().with_setting(evening(true)).said(0, "email", due(Cause::Event));
    assert_eq!(passes.told("email").1, "about_to_be_sent");
    assert_eq!(
        passes.explained().summary.to_string(),
        "What is critical is told now in 2 ways; other news waits until 2026-11-22 19:00 UTC."
    );
    let silenced = passes.with_silence(Silenced {
        target: Target::Domain(domain()),
        until: minute(90),
        reason: String::new(),
    });
    assert_eq!(
        silenced.explained().summary.to_string(),
        "News waits until 2026-11-22 13:30 UTC, and is judged again then.",
        "a silence holds what is critical as well"
    );
}

#[test]
fn what_is_due_at_an_address_that_is_out_of_order_waits_until_somebody_mends_it() {
    let story = Story::begun().broken("email", time::NO_END);
    let told = story.told("email");
    assert_eq!((told.0, told.1), (Fate::Waits, "address"));
    assert_eq!(
        told.2,
        "Nothing is sent to `Ops` by email until somebody mends its address: it is out of order."
    );
    let explained = story.explained();
    let message = explained.events[0].messages.iter().find(|one| one.method == "email").unwrap();
    assert_eq!(message.until, None, "it does not end by itself");
    let rule = explained.rules.iter().find(|rule| rule.name == "address").unwrap();
    assert_eq!((rule.effect.token(), rule.reason.to_string()), ("stops", told.2));
    assert_eq!(
        explained.summary.to_string(),
        "What happens now is told to one contact by one method."
    );
}

#[test]
fn what_is_due_at_an_address_that_is_paused_waits_for_the_longest_of_what_holds_it() {
    let story = Story::begun().broken("email", minute(20));
    let told = story.told("email");
    assert_eq!(told.1, "address");
    assert_eq!(
        told.2,
        "Nothing is sent to `Ops` by email until 2026-11-22 12:20 UTC: its address is paused."
    );
    let alone = |setting: &mut NotificationSetting| setting.methods = vec!["email".to_owned()];
    assert_eq!(
        story.with_setting(alone).explained().summary.to_string(),
        "News waits until 2026-11-22 12:20 UTC, and is judged again then."
    );
    let passes = Story::begun().broken("email", minute(20)).with_setting(|setting| {
        evening(true)(setting);
        alone(setting);
    });
    assert_eq!(
        passes.explained().summary.to_string(),
        "News waits until 2026-11-22 12:20 UTC, and is judged again then.",
        "the window lets through what is critical"
    );
    let evening = Story::begun().with_setting(evening(false)).broken("email", minute(20));
    assert_eq!(evening.told("email").1, "anomaly_time");
    let test = Story::begun().broken_for("email", minute(20), Cause::Test);
    assert_eq!(test.told("email").1, "about_to_be_sent", "a test shows whether it is well");
}

fn evening(critical_any_time: bool) -> impl FnOnce(&mut NotificationSetting) {
    move |setting| {
        let (from_minute, to_minute) = (20 * 60, 22 * 60);
        let time_zone = "Europe/Berlin".to_owned();
        setting.anomaly_time =
            Some(AnomalyTime { from_minute, to_minute, time_zone, critical_any_time });
    }
}

impl Story {
    /// An address refused another message and is left alone; then this event is due there.
    fn broken(self, channel: &str, until: Timestamp) -> Self {
        self.broken_for(channel, until, Cause::Event)
    }

    fn broken_for(mut self, channel: &str, until: Timestamp, cause: Cause) -> Self {
        let rests_until = Some(time::write(until));
        let parked = DeliveryParked { rests_until, ..DeliveryParked::default() };
        self.event.id = "e-0-0".to_owned();
        let mut story = self.said(0, channel, due(Cause::Event)).said(
            1,
            channel,
            delivery_event::Event::Parked(parked),
        );
        story.event.id = "e-1-0".to_owned();
        story.said(2, channel, due(cause))
    }
}
