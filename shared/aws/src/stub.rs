//! A server of a test's own: it answers one canned response after another, and remembers what it was asked.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use aws_config::Region;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};

use super::{SdkConfig, behavior, http};

/// One answer: status, headers with a line end each, body.
pub(crate) type Answer = (u16, &'static str, &'static str);

/// The server, and what it was asked: head and body of each request.
pub(crate) struct Stub {
    config: SdkConfig,
    server: JoinHandle<Vec<String>>,
}

impl Stub {
    /// Answers as many requests as there are answers, each on a connection of its own.
    pub(crate) fn with(answers: &'static [Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server =
            std::thread::spawn(move || answers.iter().map(|answer| serve(&listener, *answer)).collect());
        let credentials = Credentials::new("test", "test", None, None, "stub");
        // A fault is to be seen, not to be tried again.
        let config = SdkConfig::builder()
            .behavior_version(behavior())
            .http_client(http::client())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .endpoint_url(endpoint)
            .build();
        Self { config, server }
    }

    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// What was asked, once all answers were given.
    pub(crate) fn requests(self) -> Vec<String> {
        self.server.join().unwrap()
    }
}

fn serve(listener: &TcpListener, (status, headers, body): Answer) -> String {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(found) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = found.trim().parse().unwrap();
        }
        request.push_str(&line);
        if line == "\r\n" || line.is_empty() {
            break;
        }
    }
    let mut sent = vec![0; length];
    reader.read_exact(&mut sent).unwrap();
    request.push_str(&String::from_utf8_lossy(&sent));
    let length = match headers.contains("Content-Length") {
        true => String::new(),
        false => format!("Content-Length: {}\r\n", body.len()),
    };
    let head = format!("HTTP/1.1 {status} Stub\r\n{length}{headers}Connection: close\r\n\r\n");
    let mut stream = reader.into_inner();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    request
}
