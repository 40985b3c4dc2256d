//! A mail server that follows a script, for what a well-behaved one does not do.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

/// Serves one connection after the other; `answer` has the reply to each line, or `None` to hang
/// up. Lines of a mail are not asked about, only the dot at its end.
pub(crate) fn serve(
    greeting: &'static str,
    answer: impl Fn(&str) -> Option<String> + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Ends with the test's process: it waits for connections until then.
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that hangs up in the middle is no failure of the server.
            converse(&stream.unwrap(), greeting, &answer).ok();
        }
    });
    address
}

fn converse(
    stream: &TcpStream,
    greeting: &str,
    answer: impl Fn(&str) -> Option<String>,
) -> std::io::Result<()> {
    let mut out = stream;
    out.write_all(format!("{greeting}\r\n").as_bytes())?;
    let mut in_mail = false;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if in_mail && line != "." {
            continue;
        }
        let Some(reply) = answer(&line) else { return Ok(()) };
        in_mail = line == "DATA";
        out.write_all(format!("{reply}\r\n").as_bytes())?;
    }
    Ok(())
}

/// What an accepting server says.
pub(crate) fn accept(line: &str) -> String {
    match line.get(..4).unwrap_or(line) {
        "EHLO" => "250-script.test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME".to_owned(),
        "DATA" => "354 go on".to_owned(),
        "QUIT" => "221 bye".to_owned(),
        _ => "250 ok".to_owned(),
    }
}
