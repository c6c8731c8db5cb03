use sqlx::postgres::PgSslMode;

use super::address;

#[test]
fn a_server_beyond_this_machine_is_reached_by_verified_tls_only() {
    for url in [
        "postgres://app@db.example/auth_service",
        "postgres://app@db.example/auth_service?sslmode=disable",
        "postgres://app@10.0.0.7:5432/auth_service?sslmode=prefer",
        "postgres://app@[2001:db8::1]/auth_service?sslmode=require",
        "postgres://app@localhost.example/auth_service",
    ] {
        let mode = address(url).unwrap().get_ssl_mode();
        assert!(matches!(mode, PgSslMode::VerifyFull), "{url}: {mode:?}");
    }
}

#[test]
fn a_server_on_this_machine_is_reached_as_the_address_says() {
    for url in [
        "postgres://app@localhost/auth_service?sslmode=disable",
        "postgres://app@127.0.0.1/auth_service?sslmode=disable",
        "postgres://app@[::1]/auth_service?sslmode=disable",
        "postgres://app@localhost/auth_service?host=%2Frun%2Fpostgresql&sslmode=disable",
    ] {
        let mode = address(url).unwrap().get_ssl_mode();
        assert!(matches!(mode, PgSslMode::Disable), "{url}: {mode:?}");
    }
}
