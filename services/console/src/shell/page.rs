//! The web pages: what people see of the board, and forms that order.
//!
//! Rendered here and whole: a page works without JavaScript, which only keeps it up to date. A
//! handler asks the board or the store as the API does, and holds no rule. A page copies what it
//! shows out of the board and is rendered without its lock. Start reading at [`router`], then
//! [`frame`].

pub mod account;
pub mod anomalies;
pub mod asset;
pub mod audit;
pub mod contacts;
pub mod deliveries;
pub mod domain;
pub mod domains;
pub mod door;
pub mod form;
pub mod frame;
pub mod inbox;
pub mod mistakes;
pub mod moment;
pub mod notification;
pub mod oops;
pub mod overview;
pub mod prose;
mod sent;
pub mod silencing;
pub mod system;
pub mod viewer;
pub mod words;
pub mod zones;

use std::sync::Arc;

use axum::{Router, middleware, routing::get};

use self::sent::form;
use super::http::Api;

/// All pages, and what they load.
pub fn router(api: &Arc<Api>) -> Router<Arc<Api>> {
    Router::new()
        .route("/", get(overview::show))
        .route("/account", get(account::show))
        .merge(form("/account/language", "/account", account::set_language))
        .merge(form("/account/password", "/account", account::set_password))
        .route("/audit", get(audit::show))
        .route("/settings", get(system::show))
        .merge(form("/settings/accounts", "/settings", system::add_account))
        .merge(form("/settings/accounts/{account}/{deed}", "/settings", system::change_account))
        .merge(form("/settings/tokens", "/settings", system::issue_token))
        .merge(form("/settings/tokens/{token}/revoke", "/settings", system::revoke_token))
        .route("/sign-in", get(door::ask).post(door::sign_in))
        .route("/sign-in/openid", get(door::openid::begin))
        .route("/sign-in/openid/return", get(door::openid::end))
        .merge(form("/sign-out", "/", door::sign_out))
        .route("/welcome", get(door::welcome).post(door::follow))
        .merge(anomalies::router())
        .merge(domain::router())
        .merge(domains::router())
        .merge(silencing::router())
        .merge(telling())
        .layer(middleware::from_fn_with_state(Arc::clone(api), oops::as_page))
        .merge(asset::router())
}

/// Who is told of what, and was.
fn telling() -> Router<Arc<Api>> {
    Router::new()
        .route("/contacts", get(contacts::show))
        .route("/contacts/add", get(contacts::card::new).post(contacts::card::add))
        .route("/contacts/{contact}", get(contacts::card::show).post(contacts::card::save))
        .merge(form("/contacts/{contact}/remove", "/contacts/{contact}", contacts::remove))
        .merge(form("/contacts/{contact}/test", "/contacts/{contact}", contacts::test))
        .merge(form("/contacts/{contact}/verification", "/contacts/{contact}", contacts::verify))
        .route("/deliveries", get(deliveries::show))
        .route("/deliveries/{delivery}", get(deliveries::one))
        .merge(form("/deliveries/{delivery}/again", "/deliveries/{delivery}", deliveries::again))
        .route("/inbox", get(inbox::show))
        .merge(form("/inbox/read", "/inbox", inbox::read_all))
        .merge(form("/inbox/{entry}/read", "/inbox", inbox::read))
        .route("/notification", get(notification::show))
        .merge(form("/notification/{whose}", "/notification?edit={whose}", notification::save))
        .merge(form(
            "/notification/{whose}/clear",
            "/notification?edit={whose}",
            notification::clear,
        ))
}
