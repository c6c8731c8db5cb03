use super::*;

fn cheap() -> PasswordPolicy {
    PasswordPolicy {
        memory_kib: 64,
        iterations: 1,
        lanes: 1,
        concurrent: 1,
        queue: 0,
        wait: Duration::from_secs(5),
    }
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn right_password_is_right_and_wrong_is_wrong() {
    let world = World::system();
    let pool = Passwords::new(cheap(), &world).unwrap();
    let stored = pool.hash(&world, &secret("correct horse")).await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
    assert_eq!(
        pool.verify(&secret("correct horse"), Some(&stored))
            .await
            .unwrap(),
        Verdict::Right { outdated: false }
    );
    assert_eq!(
        pool.verify(&secret("correct hors"), Some(&stored)).await.unwrap(),
        Verdict::Wrong
    );
    assert_eq!(
        pool.verify(&secret("correct horse"), None).await.unwrap(),
        Verdict::Wrong
    );
}

#[tokio::test]
async fn other_parameters_are_noticed() {
    let world = World::system();
    let old = Passwords::new(cheap(), &world).unwrap();
    let stored = old.hash(&world, &secret("correct horse")).await.unwrap();
    let raised = Passwords::new(
        PasswordPolicy {
            iterations: 2,
            ..cheap()
        },
        &world,
    )
    .unwrap();
    assert_eq!(
        raised
            .verify(&secret("correct horse"), Some(&stored))
            .await
            .unwrap(),
        Verdict::Right { outdated: true }
    );
}

#[tokio::test]
async fn one_more_than_the_bound_is_refused_at_once() {
    let world = World::system();
    let pool = Arc::new(
        Passwords::new(
            PasswordPolicy {
                memory_kib: 65_536,
                ..cheap()
            },
            &world,
        )
        .unwrap(),
    );
    let busy = Arc::clone(&pool).turns.clone().acquire_owned().await.unwrap();
    let waits = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.verify(&secret("x"), None).await }
    });
    while pool.waiting.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(
        pool.verify(&secret("x"), None).await,
        Err(Fault::Busy(_))
    ));
    drop(busy);
    assert_eq!(waits.await.unwrap().unwrap(), Verdict::Wrong);
    assert!(pool.verify(&secret("x"), None).await.is_ok());
}

#[test]
fn a_hash_that_asks_for_too_much_is_no_hash() {
    let good = Hash {
        params: HashParams {
            memory_kib: 64,
            iterations: 1,
            lanes: 1,
        },
        salt: vec![1; 16],
        output: vec![2; 32],
    };
    assert_eq!(Hash::parse(&good.to_phc()), Some(good.clone()));
    let greedy = Hash {
        params: HashParams {
            memory_kib: 4_000_000,
            ..good.params
        },
        ..good.clone()
    };
    assert_eq!(Hash::parse(&greedy.to_phc()), None);
    for bad in [
        "",
        "$argon2id$",
        "$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAA$AAAA",
        "$argon2id$v=19$m=64,t=1$a$b",
    ] {
        assert_eq!(Hash::parse(bad), None, "{bad}");
    }
}
