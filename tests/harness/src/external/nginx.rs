//! nginx, in the foreground, with everything it writes in a directory of the test.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use super::{ClientCertificate, Files, Port, Recipe, Versions};
use crate::binary;
use crate::eventually::eventually;
use crate::process::Process;

/// Starts tried before giving up: nginx takes no port 0, so between finding a free port and nginx
/// taking it, somebody else may.
const STARTS: usize = 5;

/// Starts a server and waits until it accepts.
pub(super) async fn start(
    recipe: &Recipe,
    files: &Files,
    directory: &Path,
) -> (Process, SocketAddr) {
    for _ in 0..STARTS {
        let address = free_address(recipe).await;
        let mut process = launch(recipe, files, directory, address);
        let accepting = eventually("nginx accepts", async || {
            if !process.is_running() {
                return Ok(false);
            }
            TcpStream::connect(address).await.map(|_| true)
        });
        if accepting.await {
            return (process, address);
        }
        let log = process.log();
        assert!(log.contains("Address already in use"), "nginx ended:\n{log}");
    }
    panic!("no port stayed free for nginx in {STARTS} starts");
}

async fn free_address(recipe: &Recipe) -> SocketAddr {
    let listener = TcpListener::bind(SocketAddr::from((recipe.ip, 0))).await.unwrap();
    listener.local_addr().unwrap()
}

fn launch(recipe: &Recipe, files: &Files, directory: &Path, address: SocketAddr) -> Process {
    let config = directory.join("nginx.conf");
    fs::write(&config, configuration(recipe, files, directory, address)).unwrap();
    let mut command =
        Command::new(binary::tool("nginx", "NGINX", "`apt-get install nginx-light` has it"));
    command.arg("-p").arg(directory).arg("-c").arg(config).args(["-e", "stderr"]);
    Process::start("nginx", command, directory)
}

fn configuration(recipe: &Recipe, files: &Files, directory: &Path, address: SocketAddr) -> String {
    let versions = match recipe.versions {
        Versions::Usual => "TLSv1.2 TLSv1.3",
        Versions::Tls10Only => "TLSv1",
    };
    let tls = match recipe.port {
        Port::Tls => " ssl",
        Port::PlainHttp => "",
    };
    let chain = files.chain.display();
    let client = match recipe.client {
        ClientCertificate::NotAsked => String::new(),
        // Who is asked for does not matter: nobody has any.
        ClientCertificate::Required => {
            format!("ssl_verify_client on; ssl_client_certificate {chain};")
        }
    };
    let (key, ciphers, here) = (files.key.display(), recipe.ciphers(), directory.display());
    // One process and no daemon, so that ending it ends all of it.
    format!(
        "daemon off; master_process off; pid {here}/pid; error_log stderr warn;
         events {{ worker_connections 256; }}
         http {{
           access_log off;
           client_body_temp_path {here}/body; proxy_temp_path {here}/proxy;
           fastcgi_temp_path {here}/fastcgi; uwsgi_temp_path {here}/uwsgi;
           scgi_temp_path {here}/scgi;
           server {{
             listen {address}{tls};
             ssl_certificate {chain}; ssl_certificate_key {key};
             ssl_protocols {versions}; ssl_ciphers {ciphers}; {client}
             return 204;
           }}
         }}"
    )
}
