//! What is wrong with a bundle of certificates.

use certificate::{error::CertificateError, pem::PemError};

/// What is wrong with a bundle.
pub(super) fn text(error: &PemError) -> String {
    match error {
        PemError::NoCertificate => {
            "没有证书：至少需要一个 `-----BEGIN CERTIFICATE-----` 块".to_owned()
        }
        PemError::NoEnd { line, label } => {
            format!("第 {line} 行：从这里开始的块没有 `-----END {label}-----`")
        }
        PemError::StrayEnd { line, found } => {
            format!("第 {line} 行：`{found}` 没有对应的开头")
        }
        PemError::NotBase64 { line } => format!("第 {line} 行：不是 base64"),
        PemError::OpensslTrusted { line } => format!(
            "第 {line} 行：这里是 `TRUSTED CERTIFICATE`，需要普通的 `CERTIFICATE`（可用 \
             `openssl x509` 转换）"
        ),
        PemError::TooMany { line, max } => format!("第 {line} 行：证书超过 {max} 张"),
        PemError::TooLong { line, max } => {
            format!("第 {line} 行：从这里开始的块超过 {max} 字节")
        }
        PemError::Malformed { line, malformation } => {
            format!("第 {line} 行：{}", certificate(*malformation))
        }
    }
}

fn certificate(error: CertificateError) -> String {
    let plain = match error {
        CertificateError::TooLong { length, max } => {
            return format!("证书有 {length} 字节，最多读取 {max} 字节");
        }
        CertificateError::NotDer { first } => {
            return format!("不是 DER 格式的证书：首字节是 `{first:#04x}`，而不是 `0x30`");
        }
        CertificateError::Trailing { bytes } => {
            return format!("证书结尾之后还有 {bytes} 字节");
        }
        CertificateError::Empty => "证书为空",
        CertificateError::Truncated => "证书不完整",
        CertificateError::Version => "无法读取版本",
        CertificateError::Serial => "无法读取序列号",
        CertificateError::Algorithm => "无法读取算法标识",
        CertificateError::Name => "无法读取使用者或颁发者",
        CertificateError::Date => "无法读取有效期的日期",
        CertificateError::Key => "无法读取公钥",
        CertificateError::Extensions => "无法读取扩展",
        CertificateError::Signature => "无法读取签名",
        CertificateError::Structure => "结构不是证书",
    };
    plain.to_owned()
}
