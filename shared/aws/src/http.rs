//! The one HTTP client that all clients of the SDK share.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;

/// TLS by rustls on ring.
pub(super) fn client() -> SharedHttpClient {
    let tls = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    SharedHttpClient::new(Warm { tls, done: AtomicBool::new(false) })
}

/// Every client of the SDK that is made builds a connector, with all the machine's certificates, and throws
/// it away, so that the certificates are read at the start and not by the first request. Once is enough,
/// and a function has up to six clients.
#[derive(Debug)]
struct Warm {
    tls: SharedHttpClient,
    done: AtomicBool,
}

impl HttpClient for Warm {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.tls.http_connector(settings, components)
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        if self.done.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        self.tls.validate_base_client_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.tls.connector_metadata()
    }
}
