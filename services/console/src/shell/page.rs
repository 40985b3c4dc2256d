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
pub mod silencing;
pub mod system;
pub mod viewer;
pub mod words;
pub mod zones;

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{get, post},
};

use super::http::Api;

/// All pages, and what they load.
pub fn router(api: &Arc<Api>) -> Router<Arc<Api>> {
    Router::new()
        .route("/", get(overview::show))
        .route("/account", get(account::show))
        .route("/account/language", post(account::set_language))
        .route("/account/password", post(account::set_password))
        .route("/audit", get(audit::show))
        .route("/settings", get(system::show))
        .route("/settings/accounts", post(system::add_account))
        .route("/settings/accounts/{account}/{deed}", post(system::change_account))
        .route("/settings/tokens", post(system::issue_token))
        .route("/settings/tokens/{token}/revoke", post(system::revoke_token))
        .route("/sign-in", get(door::ask).post(door::sign_in))
        .route("/sign-out", post(door::sign_out))
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
        .route("/contacts/{contact}/remove", post(contacts::remove))
        .route("/contacts/{contact}/test", post(contacts::test))
        .route("/contacts/{contact}/verification", post(contacts::verify))
        .route("/deliveries", get(deliveries::show))
        .route("/deliveries/{delivery}", get(deliveries::one))
        .route("/deliveries/{delivery}/again", post(deliveries::again))
        .route("/inbox", get(inbox::show))
        .route("/inbox/read", post(inbox::read_all))
        .route("/inbox/{entry}/read", post(inbox::read))
        .route("/notification", get(notification::show))
        .route("/notification/{whose}", post(notification::save))
        .route("/notification/{whose}/clear", post(notification::clear))
}
