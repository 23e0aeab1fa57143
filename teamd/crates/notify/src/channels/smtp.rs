//! A mail server over SMTP, encrypted, one connection for each mail. The message's id is the delivery's, so that a mail
//! that is sent twice is shown once by readers that look at it.

use crate::render::mail::mail;
use crate::{Address, Channel, Failure, Outgoing, Reach, secret};
use futures::future::BoxFuture;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, Error as SmtpError};
use lettre::{AsyncTransport as _, Message, Tokio1Executor};
use std::time::Duration;
use team_shared::text::inert;
use teamd_config::{Smtp, SmtpTls};
use teamd_host::files;
use teamd_host::files::Links;

/// For each step of the conversation.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers to credentials and to policy about us: not about this mail, so they are for a later try.
const ABOUT_US: [u16; 5] = [421, 530, 534, 535, 538];

/// Largest file of certificates.
const MAX_CA_BYTES: u64 = 4 << 20;

/// A mail server.
pub struct SmtpChannel {
    config: Smtp,
}

type Transport = AsyncSmtpTransport<Tokio1Executor>;

impl SmtpChannel {
    /// This server.
    #[must_use]
    pub fn new(config: Smtp) -> Self {
        Self { config }
    }

    async fn transport(&self) -> Result<Transport, String> {
        let config = &self.config;
        let tls = match config.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::StartTls => Tls::Required(self.parameters().await?),
            SmtpTls::Tls => Tls::Wrapper(self.parameters().await?),
        };
        let mut builder = Transport::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let (Some(name), Some(file)) = (&config.username, &config.password_file) {
            let password = secret::read(file).await?;
            builder = builder.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
        }
        Ok(builder.build())
    }

    async fn parameters(&self) -> Result<TlsParameters, String> {
        let mut builder = TlsParameters::builder(self.config.host.clone());
        if let Some(file) = &self.config.ca_file {
            let name = file.display();
            let from = file.clone();
            let read = move || files::read_all(files::open(&from, Links::Follow)?, MAX_CA_BYTES);
            let pem = files::on_thread(&file.to_string_lossy(), files::READ_TIMEOUT, read)
                .await
                .map_err(|unanswered| format!("{name}: {unanswered}"))?
                .map_err(|error| format!("{name}: {error}"))?;
            let certificate = Certificate::from_pem(&pem).map_err(|error| format!("{name}: {error}"))?;
            builder = builder.add_root_certificate(certificate);
        }
        builder.build_rustls().map_err(|error| error.to_string())
    }

    fn message(&self, outgoing: &Outgoing) -> Result<Message, String> {
        let Address::Mail(to) = &outgoing.to else {
            return Err("mail needs an address".to_owned());
        };
        let mail = mail(&outgoing.notice, &outgoing.id);
        let from: Mailbox = self
            .config
            .from
            .parse()
            .map_err(|error| format!("the sender is no address: {error}"))?;
        // The address alone: what the directory calls somebody has no business in a header.
        let address: lettre::Address = to
            .parse()
            .map_err(|error| format!("{} is not a mail address: {error}", inert(to)))?;
        let domain = from.email.domain().to_owned();
        Message::builder()
            .from(from)
            .to(Mailbox::new(None, address))
            .subject(mail.subject)
            .message_id(Some(format!("<{}@{domain}>", outgoing.id)))
            .date(outgoing.now.into())
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Teamd-Event", outgoing.notice.kind.as_str()))
            .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
            .map_err(|error| error.to_string())
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<String, Failure> {
        let message = self.message(outgoing).map_err(Failure::Never)?;
        let transport = self.transport().await.map_err(Failure::later)?;
        match transport.send(message).await {
            Ok(response) => {
                let words: Vec<&str> = response.message().collect();
                Ok(inert(&format!("{} {}", response.code(), words.join(" "))))
            }
            Err(error) => Err(meaning(&error)),
        }
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), inert(value))
}

/// A refusal that is about this mail is for good; everything else may pass.
fn meaning(error: &SmtpError) -> Failure {
    let mut words = error.to_string();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_words = inner.to_string();
        if !words.contains(&inner_words) {
            words = format!("{words}: {inner_words}");
        }
        cause = inner.source();
    }
    let words = inert(&words);
    let code = error.status().map(u16::from);
    match code {
        Some(code) if ABOUT_US.contains(&code) => Failure::later(words),
        Some(_) if error.is_permanent() => Failure::Never(words),
        _ => Failure::later(words),
    }
}

impl Channel for SmtpChannel {
    fn name(&self) -> &str {
        "smtp"
    }

    fn reach(&self) -> Reach {
        Reach {
            people: true,
            mail: true,
            ..Reach::default()
        }
    }

    fn most_at_once(&self) -> usize {
        4
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(self.send(outgoing))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async move {
            let transport = self.transport().await?;
            match transport.test_connection().await {
                Ok(true) => Ok(format!("{}:{} answers", self.config.host, self.config.port)),
                Ok(false) => Err(format!("{} does not want us", self.config.host)),
                Err(error) => Err(meaning(&error).to_string()),
            }
        })
    }
}
