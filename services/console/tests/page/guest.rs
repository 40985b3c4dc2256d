//! Somebody who is signed in, and what they see.

use reqwest::{Client, RequestBuilder, StatusCode, header, redirect::Policy};
use serde_json::json;
use url::{Url, form_urlencoded};

use crate::stage::{Answer, Stage, answer, client};

const PASSWORD: &str = "correct horse battery staple";

/// Somebody who is signed in.
pub(crate) struct Guest {
    http: Client,
    base: String,
    cookie: String,
    csrf: String,
    language: &'static str,
}

impl Guest {
    /// Signs somebody in who may change what they see.
    pub(crate) async fn editor(stage: &Stage) -> Self {
        Self::enter(stage, "editor").await
    }

    /// Signs somebody in with a role, by the link that an administrator makes.
    pub(crate) async fn enter(stage: &Stage, role: &str) -> Self {
        // Installs what the client needs.
        drop(client());
        let http = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let name = format!("{role}@example.com");
        let added = stage.post("accounts", &json!({ "name": name, "role": role })).await.ok();
        let link: Url = added["link"]["url"].as_str().unwrap().parse().unwrap();
        let (_, token) = link.query_pairs().find(|(name, _)| name == "token").unwrap();
        let form = [("token", &*token), ("password", PASSWORD), ("again", PASSWORD)];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let welcome = http.post(format!("{}/welcome", stage.base)).body(form);
        let welcome = answer(welcome.header(header::ORIGIN, &stage.base)).await;
        assert_eq!(welcome.status, StatusCode::SEE_OTHER, "{welcome:?}");
        let cookie = welcome.headers[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let base = stage.base.clone();
        let mut guest = Self { http, base, cookie, csrf: String::new(), language: "en" };
        let page = guest.get("/").await;
        between(&page, "data-csrf=\"", "\"").clone_into(&mut guest.csrf);
        assert!(!guest.csrf.is_empty());
        guest
    }

    /// The same, reading another language.
    pub(crate) fn reading(self, language: &'static str) -> Self {
        Self { language, ..self }
    }

    /// The same with a form token that is not theirs.
    pub(crate) fn with_csrf(self, csrf: &str) -> Self {
        Self { csrf: csrf.to_owned(), ..self }
    }

    fn dressed(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header(header::COOKIE, &self.cookie)
            .header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
            .header(header::ACCEPT_LANGUAGE, self.language)
            .header(header::ORIGIN, &self.base)
    }

    /// Whatever a path answers.
    pub(crate) async fn ask(&self, path: &str) -> Answer {
        answer(self.dressed(self.http.get(format!("{}{path}", self.base)))).await
    }

    /// A page.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> impl Future<Output = String> {
        let asked = self.ask(path);
        async move {
            let page = asked.await;
            assert_eq!(page.status, StatusCode::OK, "{page:?}");
            assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
            page.text
        }
    }

    /// Sends a form.
    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &self.csrf).extend_pairs(fields);
        let request = self.http.post(format!("{}{path}", self.base));
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        answer(self.dressed(request.body(body.finish()))).await
    }

    /// Sends a form that is done, and goes where it leads.
    pub(crate) async fn done(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let sent = self.send(path, fields).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{sent:?}");
        self.get(sent.headers[header::LOCATION].to_str().unwrap()).await
    }

    /// Sends a form that may carry files.
    pub(crate) async fn upload(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        const EDGE: &str = "between-the-parts";
        let part = |(name, value): &(&str, &str)| {
            let file = if *name == "file" { "; filename=\"domains.csv\"" } else { "" };
            format!(
                "--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
            )
        };
        let csrf = ("csrf", self.csrf.as_str());
        let parts: String = std::iter::once(&csrf).chain(fields).map(part).collect();
        let request = self.http.post(format!("{}{path}", self.base));
        let kind = format!("multipart/form-data; boundary={EDGE}");
        let request = request.header(header::CONTENT_TYPE, kind);
        answer(self.dressed(request.body(format!("{parts}--{EDGE}--\r\n")))).await
    }
}

/// What stands between two texts; the page if they do not.
#[track_caller]
pub(crate) fn between<'p>(page: &'p str, from: &str, to: &str) -> &'p str {
    let (_, rest) = page.split_once(from).unwrap_or_else(|| panic!("no {from} in {page}"));
    rest.split_once(to).unwrap_or_else(|| panic!("no {to} behind {from} in {page}")).0
}

/// Each of the texts stands in a page.
#[track_caller]
pub(crate) fn shows(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "no {text:?} in {page}");
    }
}

/// A script, as somebody hostile writes one.
pub(crate) const SCRIPT: &str = "<script>alert(1)</script>";
/// The same as a page shows it.
pub(crate) const SHOWN: &str = "&#60;script&#62;alert(1)&#60;/script&#62;";

/// What somebody hostile wrote is shown, and is no script.
#[track_caller]
pub(crate) fn shows_as_text(page: &str) {
    shows(page, &[SHOWN]);
    assert!(!page.contains(SCRIPT), "a script of a stranger's in {page}");
}
