//! The servers that are not ours present what they were told to.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::net::SocketAddr;

use harness::external::{Recipe, Software};
use harness::scene::DAY;
use harness::scene::{Scene, ninety_days};
use lab::authority::Leaf;
use tokio::process::Command;

#[tokio::test]
async fn both_present_the_chain_in_its_order() {
    let scene = Scene::new();
    let mut identity = scene.good("a.test");
    identity.chain.push(scene.root.certificate().clone());
    identity.chain.swap(1, 2);
    for software in Software::ALL {
        let server = software.serve(&Recipe::of(&identity)).await;
        let said = s_client(server.address(), &["-showcerts"]).await;
        for certificate in identity.chain_pem().split_inclusive("-----END CERTIFICATE-----\n") {
            assert!(said.contains(certificate), "{software:?}: {said}");
        }
        let (root, intermediate) =
            (said.find(&scene.root.pem()), said.find(&scene.intermediate.pem()));
        assert!(root.unwrap() < intermediate.unwrap(), "{software:?} must keep the order");
    }
}

#[tokio::test]
async fn both_can_be_limited_to_tls_1_0() {
    let recipe = Recipe::of(&Scene::new().good("a.test")).tls_1_0_only();
    for software in Software::ALL {
        let server = software.serve(&recipe).await;
        let lenient = ["-tls1", "-cipher", "ALL:@SECLEVEL=0"];
        let said = s_client(server.address(), &lenient).await;
        assert!(
            said.contains("TLSv1,") || said.contains("Protocol  : TLSv1\n"),
            "{software:?}: {said}"
        );
        let refused = s_client(server.address(), &["-tls1_2"]).await;
        assert!(refused.contains("no peer certificate available"), "{software:?}: {refused}");
    }
}

#[tokio::test]
async fn both_serve_a_key_that_is_too_short() {
    let scene = Scene::new();
    let leaf = Leaf::named("a.test", ninety_days(DAY * 80));
    let recipe = Recipe::with_rsa_key(&scene.intermediate, &leaf, 1_024).await;
    for software in Software::ALL {
        let server = software.serve(&recipe).await;
        let said = s_client(server.address(), &["-cipher", "ALL:@SECLEVEL=0"]).await;
        assert!(said.contains("Server public key is 1024 bit"), "{software:?}: {said}");
    }
}

#[tokio::test]
async fn both_can_require_a_client_certificate() {
    let recipe = Recipe::of(&Scene::new().good("a.test")).requiring_a_client_certificate();
    for software in Software::ALL {
        let server = software.serve(&recipe).await;
        let said = s_client(server.address(), &["-tls1_2"]).await;
        assert!(said.contains("Client Certificate Types"), "{software:?}: {said}");
    }
}

async fn s_client(address: SocketAddr, arguments: &[&str]) -> String {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &address.to_string()]).args(arguments);
    let output = command.stdin(std::process::Stdio::null()).output().await.unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}
