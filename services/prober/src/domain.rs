//! What a scan may touch and what its findings mean: values in, values out, no I/O.
//!
//! Nothing here judges a certificate. Start reading at [`fact`]: it says what one scan brings home.

pub mod der;
pub mod eyes;
pub mod fact;
pub mod heard;
pub mod issuer;
pub mod miss;
pub mod old_tls;
pub mod presented;
pub mod proof;
pub mod target;
