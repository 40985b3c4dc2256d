//! What is wrong with the name of a domain.

use proto::{host::InvalidHost, name::InvalidName};

/// What is wrong with a name.
pub(super) fn name(error: &InvalidName) -> String {
    match error {
        InvalidName::Host(error) => host(error),
        InvalidName::Port(text) => format!("`{text}` 不是端口：端口是 1 至 65535 之间的数字"),
        InvalidName::Scheme(text) => {
            format!("无法识别 `{text}://`：请填写主机名，或以 `https://` 开头的地址")
        }
        InvalidName::Brackets(text) => {
            format!("无法识别 `{text}`：IPv6 地址写作 `[address]` 或 `[address]:port`")
        }
    }
}

/// What is wrong with a host.
pub(super) fn host(error: &InvalidHost) -> String {
    match error {
        InvalidHost::Empty => "没有主机名：请填写主机名（例如 `example.com`）或 IP 地址".to_owned(),
        InvalidHost::Wildcard(text) => {
            format!("`{text}` 是通配符，无法连接：请逐一填写它所代表的主机名")
        }
        InvalidHost::TooLong { length } => {
            format!("主机名有 {length} 字节：最多允许 253 字节（RFC 1035）")
        }
        InvalidHost::LabelTooLong { label, length } => {
            format!("标签 `{label}` 有 {length} 字节：最多允许 63 字节（RFC 1035）")
        }
        InvalidHost::EmptyLabel(text) => {
            format!("`{text}` 中有空标签：两点之间有 1 至 63 个字符")
        }
        InvalidHost::Malformed(text) => {
            format!("`{text}` 不是主机名：标签由字母、数字、`-` 和 `_` 组成，首尾不能是 `-`")
        }
        InvalidHost::Numeric(text) => {
            format!("`{text}` 的结尾像 IP 地址，但不是：IP 地址是四个 0 至 255 的数字")
        }
    }
}
