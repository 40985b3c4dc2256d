//! Forms on `REQUESTS`.

use proto::v1::{Request, ScanNow, SendAgain, SendTest, SendVerification, request::Wish};

use crate::{
    Form,
    sample::{CONTACT, DOMAIN, at, hash},
};

pub(crate) fn forms() -> Vec<Form> {
    let (contact_id, channel) = (CONTACT.to_owned(), "email".to_owned());
    let test = SendTest { contact_id: contact_id.clone(), channel: channel.clone() };
    let verification = SendVerification {
        contact_id: contact_id.clone(),
        channel: channel.clone(),
        address: "zoe@example.com".to_owned(),
        sealed_link: hash(7),
    };
    let again = SendAgain {
        contact_id,
        channel,
        domain_id: DOMAIN.to_owned(),
        delivery_id: "0123456789abcdef0123456789abcdef".to_owned(),
    };
    vec![
        request("scan_now", Wish::ScanNow(ScanNow { domain_id: DOMAIN.to_owned() })),
        request("send_test", Wish::SendTest(test)),
        request("send_again", Wish::SendAgain(again)),
        request("send_verification", Wish::SendVerification(verification)),
    ]
}

fn request(name: &str, wish: Wish) -> Form {
    let actor = "account:1".to_owned();
    Form::new(name, Request { requested_at: Some(at(0)), actor, wish: Some(wish) })
}
