//! `/domains/{id}/options`: what an owner may set for one domain.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    super::{
        form::{self, Fields, Submitted},
        frame::{self, Frame, Section},
        mistakes::Mistakes,
        viewer::Viewer,
        words::Words,
    },
    acts::page_of,
};
use crate::{
    domain::{
        intake::divided,
        inventory::{
            options::{Options, OptionsDraft},
            token::Role,
        },
    },
    shell::http::{
        Api, Shared, domain,
        extract::{Body, Caller, Path, Seen},
        problem::Problem,
        view::{self, OptionsBody},
    },
};

/// The page.
#[derive(Template)]
#[template(path = "domain_options.html")]
struct Page {
    frame: Frame,
    id: String,
    tried: Tried,
}

/// What stands in the form, and what is wrong with it.
struct Tried {
    typed: Typed,
    mistakes: Mistakes,
    /// Whether somebody else has changed the options meanwhile.
    changed: bool,
}

/// The options as they stand in the form.
struct Typed {
    sni: String,
    fixed_address: String,
    private_ca_pem: String,
    rungs: String,
    interval_seconds: String,
    tags: String,
    owner_note: String,
    /// The version that they are changes of.
    version: String,
}

/// Shows the form.
pub(super) async fn show(
    State(api): Shared,
    viewer: Viewer,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    if viewer.caller.role < Role::Editor {
        return Err(Problem::forbidden(Role::Editor));
    }
    let typed = api.look(|board| {
        view::named(board, &key).map(|row| {
            let draft = row.ordered.entity.options().map(Options::to_draft).unwrap_or_default();
            Typed::of(draft, row.ordered.version)
        })
    })?;
    page(&api, &viewer, &key, Tried::of(typed))
}

/// Saves them.
pub(super) async fn save(
    State(api): Shared,
    Path(key): Path<String>,
    Submitted { viewer, fields }: Submitted,
) -> Result<Response, Problem> {
    let typed = Typed::read(&fields);
    let seen = Seen(Some(typed.version.parse().unwrap_or_default()));
    let (caller, body) = (Caller(viewer.caller), Body(typed.body()));
    let saved =
        domain::replace(State(Arc::clone(&api)), caller, Path(key.clone()), seen, body).await;
    let (status, refused) = match saved {
        Ok(_) => return Ok(form::done(&page_of(&key), "options-saved")),
        Err(problem) if problem.status() == StatusCode::PRECONDITION_FAILED => {
            (problem.status(), Tried { changed: true, ..Tried::of(typed) })
        }
        Err(problem) if !problem.errors().is_empty() => {
            let mistakes = Mistakes::of_fields(&problem, Words(viewer.language));
            (problem.status(), Tried { mistakes, ..Tried::of(typed) })
        }
        Err(problem) => return Err(problem),
    };
    Ok((status, page(&api, &viewer, &key, refused)?).into_response())
}

fn page(api: &Api, viewer: &Viewer, key: &str, tried: Tried) -> Result<Response, Problem> {
    let (id, name) = api.look(|board| {
        let row = view::named(board, key)?;
        Ok::<_, Problem>((row.id.to_string(), view::name(row).unwrap_or_default()))
    })?;
    let frame = Frame::new(api, viewer, Section::Domains, "");
    let title = frame.words.with("options-title", &name).into_owned();
    Ok(frame::answer(&Page { frame: Frame { title, ..frame }, id, tried }))
}

impl Tried {
    fn of(typed: Typed) -> Self {
        Self { typed, mistakes: Mistakes::default(), changed: false }
    }
}

impl Typed {
    fn of(draft: OptionsDraft, version: u64) -> Self {
        let given = Option::unwrap_or_default;
        Self {
            sni: given(draft.sni),
            fixed_address: given(draft.fixed_address),
            private_ca_pem: given(draft.private_ca_pem),
            rungs: draft.rungs.join(", "),
            interval_seconds: draft.interval_seconds.map(|s| s.to_string()).unwrap_or_default(),
            tags: draft.tags.join(", "),
            owner_note: given(draft.owner_note),
            version: version.to_string(),
        }
    }

    fn read(fields: &Fields) -> Self {
        // Browsers end the lines of a text as mails do.
        let text = |name: &str| fields.text(name).replace("\r\n", "\n");
        Self {
            sni: text("sni"),
            fixed_address: text("fixed_address"),
            private_ca_pem: text("private_ca_pem"),
            rungs: text("rungs"),
            interval_seconds: text("interval_seconds"),
            tags: text("tags"),
            owner_note: text("owner_note"),
            version: text("version"),
        }
    }

    fn body(&self) -> OptionsBody {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        OptionsBody {
            sni: given(&self.sni),
            fixed_address: given(&self.fixed_address),
            private_ca_pem: given(&self.private_ca_pem),
            rungs: divided(&self.rungs, ','),
            // A text that is no number is as wrong as a number that is too small.
            interval_seconds: given(&self.interval_seconds)
                .map(|text| text.parse().unwrap_or_default()),
            tags: divided(&self.tags, ','),
            owner_note: given(&self.owner_note),
        }
    }
}
