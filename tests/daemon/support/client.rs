//! A caller on the socket, and what comes back.

use reqwest::Method;
use serde_json::Value;

/// Somebody on the socket.
pub(crate) struct Client<'a> {
    http: &'a reqwest::Client,
    name: Option<String>,
}

impl<'a> Client<'a> {
    pub(super) fn new(http: &'a reqwest::Client, name: Option<&str>) -> Self {
        Self {
            http,
            name: name.map(ToOwned::to_owned),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("http://teamd{path}"));
        match &self.name {
            Some(name) => request.header("x-team-demo-as", name),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, body.to_string()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self
            .request(method, path)
            .header("content-type", "application/json");
        Answer::of(request.body(body)).await
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media: String,
    pub(crate) allow: Option<String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.expect("the daemon answers");
        let header = |name: &str| {
            let value = answer.headers().get(name)?;
            Some(value.to_str().expect("a header of text").to_owned())
        };
        Self {
            status: answer.status().as_u16(),
            media: header("content-type").unwrap_or_default(),
            allow: header("allow"),
            text: answer.text().await.expect("a body of text"),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.media, "application/json", "{self:?}");
        self.json()
    }

    /// The problem document of a refusal, checked for its form.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "expected {code}: {self:?}");
        assert_eq!(self.media, "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{self:?}");
        assert_eq!(problem["status"], status, "{self:?}");
        for field in ["type", "title", "detail"] {
            assert!(
                problem[field].as_str().is_some_and(|t| !t.is_empty()),
                "{field}: {self:?}"
            );
        }
        problem
    }

    /// A refusal for these fields, each named.
    #[track_caller]
    pub(crate) fn refuses_fields(&self, fields: &[&str]) {
        let problem = self.refused(422, "invalid");
        let named: Vec<_> = problem["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|e| &e["field"])
            .collect();
        assert_eq!(named, fields, "{self:?}");
    }

    /// `200`, or the code of a refusal: for tables.
    #[track_caller]
    pub(crate) fn word(&self) -> String {
        match self.status {
            200..300 => "ok".to_owned(),
            status => {
                let code = self.json()["code"].as_str().unwrap_or_default().to_owned();
                self.refused(status, &code);
                code
            }
        }
    }
}
