//! Each channel against a robot that checks, and that was written without knowing the channel.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod desk;
mod dingtalk;
mod guard;
mod hostile;
mod lark;
mod slack;
mod specimens;
mod webhook;
mod wecom;
