//! A mail server: STARTTLS or TLS from the first byte, a password, and answers as it is told.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A mail as it came.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) to: String,
    pub(super) encrypted: bool,
    pub(super) login: Option<String>,
    pub(super) data: Vec<u8>,
}

impl Taken {
    /// A header of it, decoded.
    pub(super) fn header(&self, name: &str) -> String {
        let parsed = mailparse::parse_mail(&self.data).expect("a mail");
        let found = parsed
            .headers
            .iter()
            .find(|header| header.get_key().eq_ignore_ascii_case(name));
        found.map(mailparse::MailHeader::get_value).unwrap_or_default()
    }

    /// The plain and the HTML part.
    pub(super) fn parts(&self) -> Vec<String> {
        let parsed = mailparse::parse_mail(&self.data).expect("a mail");
        parsed
            .subparts
            .iter()
            .map(|part| part.get_body().expect("a text"))
            .collect()
    }
}

/// What it says to a recipient.
type Script = Arc<dyn Fn(&str) -> &'static str + Send + Sync>;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    StartTls,
    Tls,
    Plain,
}

struct Shared {
    kind: Kind,
    tls: TlsAcceptor,
    taken: Mutex<Vec<Taken>>,
    script: Mutex<Script>,
}

/// The server. Dropped, it is gone.
pub(crate) struct Server {
    shared: Arc<Shared>,
    pub(crate) port: u16,
    /// Its certificate, in PEM.
    pub(super) certificate: String,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(kind: Kind) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![cert.der().clone()],
                PrivateKeyDer::Pkcs8(signing_key.serialize_der().into()),
            )
            .expect("a configuration");
        let shared = Arc::new(Shared {
            kind,
            tls: TlsAcceptor::from(Arc::new(config)),
            taken: Mutex::default(),
            script: Mutex::new(Arc::new(|_| "250 ok")),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let serving = Arc::clone(&shared);
        #[expect(clippy::disallowed_methods, reason = "a server of the test's own")]
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                // Whoever breaks off is gone.
                drop(tokio::spawn(async move { serve(stream, shared).await }));
            }
        });
        Self {
            shared,
            port,
            certificate: cert.pem(),
            task,
        }
    }

    pub(super) fn taken(&self) -> Vec<Taken> {
        self.shared
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What it says to recipients from now on.
    pub(super) fn answer(&self, script: impl Fn(&str) -> &'static str + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(script);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    if shared.kind == Kind::Tls {
        let stream = shared.tls.accept(stream).await?;
        talk(BufStream::new(stream), &shared, true, true).await?;
        return Ok(());
    }
    let upgrade = talk(BufStream::new(stream), &shared, false, true).await?;
    if let Some(stream) = upgrade {
        let stream = shared.tls.accept(stream.into_inner()).await?;
        talk(BufStream::new(stream), &shared, true, false).await?;
    }
    Ok(())
}

/// Speaks with one client; what is left of the connection where it wants to be encrypted.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: BufStream<S>,
    shared: &Shared,
    encrypted: bool,
    greets: bool,
) -> std::io::Result<Option<BufStream<S>>> {
    if greets {
        say(&mut stream, "220 localhost").await?;
    }
    let (mut login, mut to) = (None, None);
    loop {
        let line = read(&mut stream).await?;
        let upper = line.to_ascii_uppercase();
        if line.is_empty() || upper.starts_with("QUIT") {
            say(&mut stream, "221 bye").await?;
            return Ok(None);
        } else if upper.starts_with("EHLO") {
            if shared.kind == Kind::StartTls && !encrypted {
                say(&mut stream, "250-localhost\r\n250 STARTTLS").await?;
            } else {
                say(&mut stream, "250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN").await?;
            }
        } else if upper.starts_with("STARTTLS") {
            say(&mut stream, "220 go ahead").await?;
            return Ok(Some(stream));
        } else if upper.starts_with("AUTH PLAIN") {
            login = line.split(' ').nth(2).map(ToOwned::to_owned);
            say(&mut stream, "235 welcome").await?;
        } else if upper.starts_with("RCPT TO:") {
            let address = line[8..].trim().trim_matches(['<', '>']).to_owned();
            let script = Arc::clone(&shared.script.lock().unwrap_or_else(PoisonError::into_inner));
            say(&mut stream, script(&address)).await?;
            to = Some(address);
        } else if upper.starts_with("DATA") {
            say(&mut stream, "354 go on").await?;
            let data = message(&mut stream).await?;
            let taken = Taken {
                to: to.clone().unwrap_or_default(),
                encrypted,
                login: login.clone(),
                data,
            };
            shared
                .taken
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(taken);
            say(&mut stream, "250 queued as 4711").await?;
        } else {
            say(&mut stream, "250 ok").await?;
        }
    }
}

async fn read<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> std::io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}

async fn message<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> std::io::Result<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 || line == b".\r\n" {
            return Ok(data);
        }
        // A dot at the beginning of a line is doubled on the way.
        data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufStream<S>,
    line: &str,
) -> std::io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}
