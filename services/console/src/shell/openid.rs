//! The `OpenID` provider: asked when somebody comes, and never before, so that the console starts
//! without it.
//!
//! Authorization code flow with PKCE (`OpenID` Connect Core 1.0, section 3.1; RFC 9700). What makes
//! somebody enter is decided elsewhere: here an answer is believed or not. Start reading at
//! [`Provider::person`].

pub mod http;

use std::sync::Arc;

use chassis::{clock::SharedClock, config::Secret, error::Chain};
use chrono::{DateTime, Utc};
use jiff::{SignedDuration, Timestamp};
use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, Client, ClientId,
    ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IdTokenFields, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl,
    RequestTokenError, Scope, SignatureVerificationError, StandardErrorResponse,
    StandardTokenResponse, TokenResponse, UserInfoClaims,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod,
        CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
        CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tracing::warn;
use url::Url;

use self::http::{Http, OpenError};
use crate::{
    config::{
        ConsoleUrl,
        openid::{OpenId, is_guarded},
    },
    domain::openid::{Person, attempt::Attempt},
};

/// Where the provider sends people back to who sign in.
pub const RETURN: &str = "sign-in/openid/return";
/// Where it sends people back to who have signed out.
pub const SIGNED_OUT: &str = "sign-in";
/// How long is believed what the provider says of itself. Keys that are new are asked for at once.
const BELIEVED: SignedDuration = SignedDuration::from_hours(1);
/// How long a provider that did not answer is left alone: whoever clicks again does not wait again.
const LEFT_ALONE: SignedDuration = SignedDuration::from_secs(2);
/// Characters of what it says, in the log.
const SAID_LEN_MAX: usize = 300;
/// Signatures that an ID token may bear: those with a key that the provider keeps to itself.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The provider.
pub struct Provider {
    settings: OpenId,
    redirect: RedirectUrl,
    signed_out: PostLogoutRedirectUrl,
    http: Http,
    clock: SharedClock,
    known: Mutex<Known>,
}

/// What the provider says of itself, as far as it was heard.
#[derive(Default)]
struct Known {
    metadata: Option<Arc<ProviderMetadataWithLogout>>,
    asked_at: Option<Timestamp>,
    failure: Option<String>,
}

/// Why nobody came of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The provider does not answer, or answers what is not understood.
    #[error("the provider does not answer as it should: {0}")]
    Unreachable(String),
    /// It does not take the console for what it says it is.
    #[error("the provider refuses the console: {0}")]
    Unwilling(String),
    /// It does not know the code, or not any more.
    #[error("the provider does not take the code: it was used, or is too old")]
    Spent,
    /// What it answers proves nothing.
    #[error("the ID token proves nothing: {0}")]
    Untrusted(String),
}

impl Failure {
    /// The same, shortened and without a secret: some repeat what they were sent.
    fn without(self, secret: &str) -> Self {
        let clean = |text: String| {
            let text = if secret.is_empty() { text } else { text.replace(secret, "***") };
            text.chars().filter(|c| !c.is_control()).take(SAID_LEN_MAX).collect()
        };
        match self {
            Self::Unreachable(text) => Self::Unreachable(clean(text)),
            Self::Unwilling(text) => Self::Unwilling(clean(text)),
            Self::Untrusted(text) => Self::Untrusted(clean(text)),
            Self::Spent => Self::Spent,
        }
    }
}

/// Claims that the standard does not name.
#[derive(Debug, Serialize, Deserialize)]
struct Others {
    #[serde(flatten)]
    by_name: Map<String, Value>,
}

impl AdditionalClaims for Others {}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Others,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type Us = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Provider {
    /// Knows the provider of some settings, and asks it nothing yet. The console is at a URL.
    ///
    /// # Errors
    ///
    /// When the certificates that are configured cannot be used.
    ///
    /// # Panics
    ///
    /// Never: a place of the console is a URL.
    pub fn open(settings: OpenId, url: &ConsoleUrl, clock: SharedClock) -> Result<Self, OpenError> {
        let http = Http::open(settings.ca.as_deref())?;
        let redirect = RedirectUrl::from_url(url.place(RETURN));
        let signed_out = PostLogoutRedirectUrl::from_url(url.place(SIGNED_OUT));
        Ok(Self { settings, redirect, signed_out, http, clock, known: Mutex::default() })
    }

    /// Its settings.
    pub fn settings(&self) -> &OpenId {
        &self.settings
    }

    /// Where somebody is sent who begins an attempt.
    ///
    /// # Errors
    ///
    /// When the provider cannot be asked.
    pub async fn address(&self, attempt: &Attempt) -> Result<Url, Failure> {
        let us = self.us(&*self.metadata().await?);
        let verifier = PkceCodeVerifier::new(attempt.verifier().to_owned());
        let scopes = self.settings.scopes.iter().map(|scope| Scope::new(scope.0.clone()));
        let state = CsrfToken::new(attempt.state().to_owned());
        let nonce = Nonce::new(attempt.nonce().to_owned());
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let (url, _, _) = us
            .authorize_url(flow, || state, || nonce)
            .add_scopes(scopes)
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        if is_guarded(&url) { Ok(url) } else { Err(unguarded(&url)) }
    }

    /// Where somebody is sent who signs out, if the provider ends sessions (`OpenID` Connect
    /// RP-Initiated Logout 1.0). No ID token goes along as a hint: it would have to be kept as long
    /// as the session lasts, and is too long for its cookie.
    pub async fn end_of_session(&self) -> Option<Url> {
        let metadata = self.metadata().await.ok()?;
        let end = metadata.additional_metadata().end_session_endpoint.clone()?;
        let url = LogoutRequest::from(end)
            .set_client_id(ClientId::new(self.settings.client_id.clone()))
            .set_post_logout_redirect_uri(self.signed_out.clone())
            .http_get_url();
        is_guarded(&url).then_some(url)
    }

    /// Who came back from an attempt with a code.
    ///
    /// # Errors
    ///
    /// See [`Failure`].
    pub async fn person(&self, code: String, attempt: &Attempt) -> Result<Person, Failure> {
        let secret = self.settings.client_secret.as_ref().map_or("", Secret::expose);
        self.proved(code, attempt).await.map_err(|failure| failure.without(secret))
    }

    async fn proved(&self, code: String, attempt: &Attempt) -> Result<Person, Failure> {
        let us = self.us(&*self.metadata().await?);
        let verifier = PkceCodeVerifier::new(attempt.verifier().to_owned());
        let request = us.exchange_code(AuthorizationCode::new(code));
        let request = request.map_err(|error| Failure::Unreachable(error.to_string()))?;
        let tokens = request.set_pkce_verifier(verifier).request_async(&self.http).await;
        let tokens: Tokens = tokens.map_err(of_token)?;
        let (subject, claims) = match self.verified(&us, &tokens, attempt) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                let us = self.us(&*self.metadata_anew().await?);
                self.verified(&us, &tokens, attempt)
            }
            proved => proved,
        }
        .map_err(|error| Failure::Untrusted(Chain(&error).to_string()))?;
        let (issuer, rules) = (self.settings.issuer.as_str(), &self.settings.rules);
        let person = Person::read((issuer, &subject), std::slice::from_ref(&claims), rules);
        if person.is_whole(rules) {
            return Ok(person);
        }
        let more = self.user_info(&us, &tokens, &subject).await;
        Ok(Person::read((issuer, &subject), &[claims, more], rules))
    }

    /// The subject and the claims of an ID token that proves them.
    fn verified(
        &self,
        us: &Us,
        tokens: &Tokens,
        attempt: &Attempt,
    ) -> Result<(String, Value), ClaimsVerificationError> {
        let lacks = |what: &str| ClaimsVerificationError::Other(what.to_owned());
        let token = tokens.id_token().ok_or_else(|| lacks("there is none"))?;
        let verifier = us
            .id_token_verifier()
            .set_allowed_algs(SIGNATURES)
            // Whether the others are trusted is seen below: by who asked for the token.
            .set_other_audience_verifier_fn(|_| true)
            .set_time_fn(|| time(self.clock.now()));
        let claims = token.claims(&verifier, &Nonce::new(attempt.nonce().to_owned()))?;
        let asked = claims.authorized_party().map(|party| party.as_str());
        let is_ours =
            asked.map_or(claims.audiences().len() == 1, |id| id == us.client_id().as_str());
        if !is_ours {
            let what = "it was made for another client";
            return Err(ClaimsVerificationError::InvalidAudience(what.to_owned()));
        }
        let read = serde_json::to_value(claims).map_err(|error| lacks(&error.to_string()))?;
        Ok((claims.subject().to_string(), read))
    }

    /// What the provider tells beside the ID token; nothing if it does not.
    async fn user_info(&self, us: &Us, tokens: &Tokens, subject: &str) -> Value {
        let token = tokens.access_token();
        // The library would panic over a token that no header can carry.
        if token.secret().bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Value::Null;
        }
        let subject = openidconnect::SubjectIdentifier::new(subject.to_owned());
        let Ok(request) = us.user_info(token.clone(), Some(subject)) else { return Value::Null };
        let answered = request.request_async(&self.http).await;
        let claims: UserInfoClaims<Others, CoreGenderClaim> = match answered {
            Ok(claims) => claims,
            Err(error) => {
                warn!(error = %Chain(&error), "The OpenID provider does not say more of somebody.");
                return Value::Null;
            }
        };
        serde_json::to_value(claims).unwrap_or_default()
    }

    /// The console as the provider knows it.
    fn us(&self, metadata: &ProviderMetadataWithLogout) -> Us {
        let secret = self.settings.client_secret.as_ref();
        let secret = secret.map(Secret::expose).map(str::to_owned).map(ClientSecret::new);
        let id = ClientId::new(self.settings.client_id.clone());
        // What a provider takes that does not say: OpenID Connect Discovery 1.0, section 3.
        let basic = CoreClientAuthMethod::ClientSecretBasic;
        let methods = metadata.token_endpoint_auth_methods_supported();
        let auth = match methods {
            Some(methods) if !methods.contains(&basic) => AuthType::RequestBody,
            Some(_) | None => AuthType::BasicAuth,
        };
        Us::from_provider_metadata(metadata.clone(), id, secret)
            .set_auth_type(auth)
            .set_redirect_uri(self.redirect.clone())
    }

    async fn metadata(&self) -> Result<Arc<ProviderMetadataWithLogout>, Failure> {
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        let lasts = if known.failure.is_some() { LEFT_ALONE } else { BELIEVED };
        if known.asked_at.is_none_or(|at| now.duration_since(at) >= lasts) {
            known.failure = match self.asked().await {
                Ok(metadata) => {
                    known.metadata = Some(Arc::new(metadata));
                    None
                }
                Err(failure) => {
                    let issuer = self.settings.issuer.as_str();
                    warn!(issuer, error = failure, "The OpenID provider `{issuer}` is no help.");
                    Some(failure)
                }
            };
            known.asked_at = Some(self.clock.now());
        }
        // What it said before is better than nothing.
        let failure = || Failure::Unreachable(known.failure.clone().unwrap_or_default());
        known.metadata.clone().ok_or_else(failure)
    }

    /// The same, asked again: it may sign with a key that is new.
    async fn metadata_anew(&self) -> Result<Arc<ProviderMetadataWithLogout>, Failure> {
        self.known.lock().await.asked_at = None;
        self.metadata().await
    }

    async fn asked(&self) -> Result<ProviderMetadataWithLogout, String> {
        let issuer = IssuerUrl::new(self.settings.issuer.as_str().to_owned());
        let issuer = issuer.map_err(|error| error.to_string())?;
        let asked = ProviderMetadataWithLogout::discover_async(issuer, &self.http).await;
        asked.map_err(|error| Chain(&error).to_string())
    }
}

/// The failure of fetching the tokens.
fn of_token(
    error: RequestTokenError<http::HttpError, StandardErrorResponse<CoreErrorResponseType>>,
) -> Failure {
    match error {
        RequestTokenError::ServerResponse(response) => match response.error() {
            CoreErrorResponseType::InvalidGrant => Failure::Spent,
            CoreErrorResponseType::InvalidClient
            | CoreErrorResponseType::InvalidRequest
            | CoreErrorResponseType::InvalidScope
            | CoreErrorResponseType::UnauthorizedClient
            | CoreErrorResponseType::UnsupportedGrantType
            | CoreErrorResponseType::Extension(_) => Failure::Unwilling(response.to_string()),
        },
        RequestTokenError::Parse(error, _) => Failure::Untrusted(Chain(&error).to_string()),
        RequestTokenError::Request(error) => Failure::Unreachable(Chain(&error).to_string()),
        RequestTokenError::Other(error) => Failure::Unreachable(error),
    }
}

fn unguarded(url: &Url) -> Failure {
    let host = url.host_str().unwrap_or_default();
    Failure::Unreachable(format!("it would have us speak to {host} in the clear"))
}

fn time(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp(at.as_second(), 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
