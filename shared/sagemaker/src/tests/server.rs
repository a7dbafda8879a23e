//! A server on this machine that keeps one request and answers it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use aws_sdk_sagemaker::config::{Credentials, Region, SharedCredentialsProvider};
use pawl_aws::SdkConfig;
use serde_json::Value;

use crate::SageMaker;

/// A request as it came.
pub(super) struct Request {
    /// Request line and headers, in lower case.
    pub(super) head: String,
    body: Vec<u8>,
}

impl Request {
    /// The body.
    pub(super) fn document(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Listens, and answers one request with this head and body.
pub(super) fn answering(head: &'static str, body: &'static str) -> (SageMaker, JoinHandle<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let request = read(&stream);
        let length = body.len();
        write!(stream, "HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        request
    });
    (SageMaker::new(&config(&endpoint)), server)
}

fn read(stream: impl Read) -> Request {
    let (mut reader, mut head, mut length) = (BufReader::new(stream), String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        let line = line.to_lowercase();
        if let Some(number) = line.strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Request { head, body }
}

fn config(endpoint: &str) -> SdkConfig {
    let keys = Credentials::new("id", "secret", None, None, "test");
    pawl_aws::in_lambda()
        .into_builder()
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .endpoint_url(endpoint)
        .build()
}
