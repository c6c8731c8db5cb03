use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;

fn cheap() -> PasswordPolicy {
    PasswordPolicy {
        memory_kib: 64,
        iterations: 1,
        lanes: 1,
        concurrent: 1,
        queue: 0,
        wait: Duration::from_mins(1),
        allocate_at_start: false,
    }
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn tenant() -> TenantId {
    TenantId::generate(&World::system())
}

/// A pool whose thread stops before each hash until it is told to go on.
struct Held {
    pool: Arc<Passwords>,
    go: mpsc::Sender<()>,
    events: Arc<Mutex<Vec<PasswordEvent>>>,
}

impl Held {
    fn new(policy: PasswordPolicy) -> Self {
        let pool = Arc::new(Passwords::new(policy, &World::system()).unwrap());
        let (go, gate) = mpsc::channel();
        let gate = Mutex::new(gate);
        let events = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&events);
        pool.observe(move |event| {
            noted.lock().unwrap().push(event);
            if matches!(event, PasswordEvent::Started { .. }) {
                gate.lock().unwrap().recv().ok();
            }
        });
        Self { pool, go, events }
    }

    fn ask(&self, tenant: TenantId) -> JoinHandle<Result<Verdict, Fault>> {
        let pool = Arc::clone(&self.pool);
        tokio::spawn(async move { pool.verify(tenant, &secret("x"), None).await })
    }

    async fn until(&self, running: usize, waiting: usize) {
        loop {
            let load = self.pool.load();
            if (load.running, load.waiting) == (running, waiting) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn was_refused(&self, reason: PasswordRefusal) -> bool {
        self.events
            .lock()
            .unwrap()
            .contains(&PasswordEvent::Refused(reason))
    }
}

#[tokio::test]
async fn right_password_is_right_and_wrong_is_wrong() {
    let world = World::system();
    let pool = Passwords::new(
        PasswordPolicy {
            allocate_at_start: true,
            ..cheap()
        },
        &world,
    )
    .unwrap();
    let of = tenant();
    let stored = pool
        .hash(&world, of, &NewPassword::unchecked("correct horse"))
        .await
        .unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
    for (typed, against, verdict) in [
        (
            "correct horse",
            Some(stored.as_str()),
            Verdict::Right { outdated: false },
        ),
        ("correct hors", Some(&stored), Verdict::Wrong),
        ("correct horse", None, Verdict::Wrong),
    ] {
        let found = pool.verify(of, &secret(typed), against).await.unwrap();
        assert_eq!(found, verdict, "{typed} {against:?}");
    }
    assert_eq!(pool.load().computed, 4);
}

#[tokio::test]
async fn other_parameters_are_noticed_also_larger_ones() {
    let world = World::system();
    let usual = Passwords::new(cheap(), &world).unwrap();
    for other in [
        PasswordPolicy {
            iterations: 2,
            ..cheap()
        },
        PasswordPolicy {
            memory_kib: 256,
            ..cheap()
        },
        PasswordPolicy {
            memory_kib: 32,
            ..cheap()
        },
    ] {
        let other = Passwords::new(other, &world).unwrap();
        let stored = other
            .hash(&world, tenant(), &NewPassword::unchecked("correct horse"))
            .await
            .unwrap();
        for (typed, verdict) in [
            ("correct horse", Verdict::Right { outdated: true }),
            ("correct hors", Verdict::Wrong),
        ] {
            let found = usual.verify(tenant(), &secret(typed), Some(&stored)).await;
            assert_eq!(found.unwrap(), verdict, "{stored}");
        }
    }
}

#[tokio::test]
async fn one_more_than_the_bound_is_refused_at_once() {
    let held = Held::new(PasswordPolicy { queue: 1, ..cheap() });
    let of = tenant();
    let first = held.ask(of);
    held.until(1, 0).await;
    let second = held.ask(of);
    held.until(1, 1).await;
    assert!(matches!(held.pool.admits(of), Err(Fault::Busy(_))));
    assert!(matches!(held.ask(of).await.unwrap(), Err(Fault::Busy(_))));
    assert!(held.was_refused(PasswordRefusal::Full));
    held.go.send(()).unwrap();
    held.go.send(()).unwrap();
    assert_eq!(first.await.unwrap().unwrap(), Verdict::Wrong);
    assert_eq!(second.await.unwrap().unwrap(), Verdict::Wrong);
    // Its twin, once there is room.
    held.pool.admits(of).unwrap();
    held.go.send(()).unwrap();
    assert_eq!(held.ask(of).await.unwrap().unwrap(), Verdict::Wrong);
    assert_eq!(held.pool.load().computed, 3);
}

#[tokio::test]
async fn the_flood_of_one_tenant_keeps_nobody_else_out() {
    let held = Held::new(PasswordPolicy { queue: 8, ..cheap() });
    let (flood, quiet) = (tenant(), tenant());
    let running = held.ask(flood);
    held.until(1, 0).await;
    let mut flooding = Vec::new();
    for waiting in 1..=8 {
        flooding.push(held.ask(flood));
        held.until(1, waiting).await;
    }
    assert!(held.ask(flood).await.unwrap().is_err());
    let login = held.ask(quiet);
    // The newest of the flood gives up its place, and says so.
    let newest = flooding.pop().unwrap();
    assert!(matches!(newest.await.unwrap(), Err(Fault::Busy(_))));
    assert!(held.was_refused(PasswordRefusal::Displaced));
    // After the one that runs and one of the flood it is the other tenant's turn, not after eight.
    for _ in 0..3 {
        held.go.send(()).unwrap();
    }
    assert_eq!(login.await.unwrap().unwrap(), Verdict::Wrong);
    assert_eq!(running.await.unwrap().unwrap(), Verdict::Wrong);
    held.until(1, 5).await;
    drop(held.go);
    for waits in flooding {
        assert_eq!(waits.await.unwrap().unwrap(), Verdict::Wrong);
    }
}

#[tokio::test]
async fn whose_turn_does_not_come_in_time_is_never_computed() {
    let held = Held::new(PasswordPolicy {
        queue: 8,
        wait: Duration::from_millis(300),
        ..cheap()
    });
    let first = held.ask(tenant());
    held.until(1, 0).await;
    assert!(matches!(held.ask(tenant()).await.unwrap(), Err(Fault::Busy(_))));
    assert!(held.was_refused(PasswordRefusal::Deadline));
    held.until(1, 0).await;
    held.go.send(()).unwrap();
    // What had begun is finished, however long it takes.
    assert_eq!(first.await.unwrap().unwrap(), Verdict::Wrong);
    assert_eq!(held.pool.load().computed, 1);
    // That one took so long that the next may start, but none may queue behind it.
    let next = held.ask(tenant());
    held.until(1, 0).await;
    assert!(matches!(held.ask(tenant()).await.unwrap(), Err(Fault::Busy(_))));
    assert!(held.was_refused(PasswordRefusal::Late));
    held.go.send(()).unwrap();
    assert_eq!(next.await.unwrap().unwrap(), Verdict::Wrong);
}

#[tokio::test]
async fn who_hung_up_is_skipped() {
    let held = Held::new(PasswordPolicy { queue: 2, ..cheap() });
    let of = tenant();
    let first = held.ask(of);
    held.until(1, 0).await;
    let gone = held.ask(of);
    let stays = held.ask(of);
    held.until(1, 2).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    held.until(1, 1).await;
    assert!(held.was_refused(PasswordRefusal::Cancelled));
    held.go.send(()).unwrap();
    held.go.send(()).unwrap();
    assert_eq!(first.await.unwrap().unwrap(), Verdict::Wrong);
    assert_eq!(stays.await.unwrap().unwrap(), Verdict::Wrong);
    assert_eq!(held.pool.load().computed, 2);
}

/// Whether there is memory for `without_memory_one_request_is_refused`, which alone looks at it.
static MEMORY: AtomicBool = AtomicBool::new(false);

#[tokio::test]
async fn without_memory_one_request_is_refused_and_the_next_is_served() {
    let world = World::system();
    let allocate = |blocks| {
        MEMORY
            .load(Ordering::Relaxed)
            .then(|| vec![argon2::Block::default(); blocks])
    };
    let pool = Pool::with(cheap(), allocate, pool::REST);
    let passwords = Passwords::with_pool(pool.unwrap(), cheap(), &world).unwrap();
    let refused = passwords.verify(tenant(), &secret("x"), None).await;
    assert!(matches!(refused, Err(Fault::Busy(_))), "{refused:?}");
    MEMORY.store(true, Ordering::Relaxed);
    let served = passwords.verify(tenant(), &secret("x"), None).await;
    assert_eq!(served.unwrap(), Verdict::Wrong);
    MEMORY.store(false, Ordering::Relaxed);
    // The memory is kept.
    let served = passwords.verify(tenant(), &secret("x"), None).await;
    assert_eq!(served.unwrap(), Verdict::Wrong);
    assert_eq!(passwords.load().computed, 2);
}

/// Memory stays within its bound: never more arenas than hashes at once, and each of one size.
#[tokio::test]
async fn no_more_memory_is_kept_than_the_policy_allows() {
    static ALLOCATED: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let world = World::system();
    let policy = PasswordPolicy {
        concurrent: 3,
        queue: 100,
        ..cheap()
    };
    let allocate = |blocks| {
        ALLOCATED.lock().unwrap().push(blocks);
        Some(vec![argon2::Block::default(); blocks])
    };
    let pool = Pool::with(policy, allocate, pool::REST);
    let passwords = Arc::new(Passwords::with_pool(pool.unwrap(), policy, &world).unwrap());
    let asked: Vec<_> = (0..100)
        .map(|_| {
            let passwords = Arc::clone(&passwords);
            tokio::spawn(async move { passwords.verify(tenant(), &secret("x"), None).await })
        })
        .collect();
    for one in asked {
        assert_eq!(one.await.unwrap().unwrap(), Verdict::Wrong);
    }
    let allocated = ALLOCATED.lock().unwrap();
    assert!((1..=3).contains(&allocated.len()), "{allocated:?}");
    assert!(allocated.iter().all(|blocks| *blocks == 64), "{allocated:?}");
}

/// A server where nobody signs in holds no memory for it, unless that was wished.
#[tokio::test]
async fn memory_goes_back_when_nobody_signs_in() {
    let moment = Duration::from_millis(1);
    for allocate_at_start in [false, true] {
        let policy = PasswordPolicy {
            allocate_at_start,
            ..cheap()
        };
        let allocate = |blocks| Some(vec![argon2::Block::default(); blocks]);
        let pool = Pool::with(policy, allocate, moment).unwrap();
        let passwords = Passwords::with_pool(pool, policy, &World::system()).unwrap();
        for _ in 0..2 {
            let served = passwords.verify(tenant(), &secret("x"), None).await;
            assert_eq!(served.unwrap(), Verdict::Wrong);
            let asked = Instant::now();
            while passwords.load().kept > 0 && asked.elapsed() < Duration::from_millis(200) {
                tokio::task::yield_now().await;
            }
            assert_eq!(passwords.load().kept, usize::from(allocate_at_start));
        }
    }
}

const HORSE: &str = "correct horse";

/// Vectors of other implementations: hashlib of CPython, argon2-cffi and bcrypt of PyPI, crypt_blowfish.
#[tokio::test]
async fn hashes_of_other_products_are_verified_and_made_anew() {
    let pool = Passwords::new(cheap(), &World::system()).unwrap();
    for (hash, password) in [
        (
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "U*U",
        ),
        (
            "$2b$04$T8dUvwzAPhvFEuFsdFA5/.SmejM9H0bM0cd857zP41ULmG0wvBxCi",
            HORSE,
        ),
        (
            "$pbkdf2-sha1$i=1000$c2FsdHNhbHRzYWx0c2FsdA$EUcKisx+yviAqdTmlEPmy+5ykUU",
            HORSE,
        ),
        (
            "$pbkdf2$1000$c2FsdHNhbHRzYWx0c2FsdA$EUcKisx.yviAqdTmlEPmy.5ykUU",
            HORSE,
        ),
        (
            "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM",
            HORSE,
        ),
        (
            "$pbkdf2-sha512$i=1000$c2FsdHNhbHRzYWx0c2FsdA$EHLBej+uEvxlmr0QnHnceg1vM6h1wbwSP5XErh3SmizNDWZsIi28RPGARe0EssjGRoiACzxgHjNvqwJY1zxKig",
            HORSE,
        ),
        (
            "pbkdf2_sha256$1000$saltsaltsalt$F7o7+5VTVzFAO998X6s3AHrDsJVdMiIlgndIMe19NvY=",
            HORSE,
        ),
        (
            "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$A9lBa6RTbfBovWqamVIqXKovIl4Vk6OZyVojLJmYmSI",
            HORSE,
        ),
        (
            "$argon2i$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$Z/f5HXchJUreVezozHfqmhnWE1tO5F47olNKb8N1VHE",
            HORSE,
        ),
        (
            "$argon2d$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$lwOz6wWnJJGvwewjZaRSglnEU7t7d9JLaYkWoG1IrKs",
            HORSE,
        ),
        (
            "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$5jdMIzWoFbzSOl6k3wai9uU3f8LD+HmGXQgo1uhHQPI",
            HORSE,
        ),
    ] {
        let stored = ImportedHash::parse(hash).unwrap();
        for (typed, verdict) in [
            (password.to_owned(), Verdict::Right { outdated: true }),
            (format!("{password} "), Verdict::Wrong),
            (String::new(), Verdict::Wrong),
        ] {
            let found = pool
                .verify(tenant(), &secret(&typed), Some(stored.stored()))
                .await;
            assert_eq!(found.unwrap(), verdict, "{hash}");
        }
        // Without its mark it is no hash of ours, except where it is in our form.
        if !hash.starts_with("$argon2id$") {
            let found = pool.verify(tenant(), &secret(password), Some(hash)).await;
            assert_eq!(found.unwrap(), Verdict::Wrong, "{hash}");
        }
    }
}

/// bcrypt sees 72 bytes. What differs behind them must not open the account (PW4).
#[tokio::test]
async fn a_password_longer_than_bcrypt_sees_is_refused() {
    let pool = Passwords::new(cheap(), &World::system()).unwrap();
    let salt = [7; 16];
    let whole = "x".repeat(72);
    let output = bcrypt::bcrypt(4, salt, whole.as_bytes());
    let hash = Hash {
        recipe: Recipe::Bcrypt { cost: 4 },
        salt: salt.to_vec(),
        output: output[..23].to_vec(),
        imported: true,
    };
    for (typed, right) in [(whole.clone(), true), (format!("{whole}y"), false)] {
        let made = hash
            .recipe
            .compute(&secret(&typed), &hash.salt, 23, &mut [])
            .unwrap();
        assert_eq!(made == hash.output, right);
    }
    assert_eq!(pool.load().computed, 0);
}

#[test]
fn a_hostile_hash_is_refused_when_it_is_imported() {
    let (salt, out) = (
        "c2FsdHNhbHRzYWx0c2FsdA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    );
    let bcrypt = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    for (hash, refused) in [
        (format!("$2b$14${bcrypt}"), None),
        (format!("$2b$15${bcrypt}"), Some(ImportRefused::TooCostly)),
        (format!("$2b$31${bcrypt}"), Some(ImportRefused::TooCostly)),
        (format!("$2b$99${bcrypt}"), Some(ImportRefused::Unknown)),
        (format!("$scrypt$ln=17,r=8,p=1${salt}${out}"), None),
        (
            format!("$scrypt$ln=30,r=8,p=1${salt}${out}"),
            Some(ImportRefused::TooCostly),
        ),
        (
            format!("$scrypt$ln=14,r=8,p=900${salt}${out}"),
            Some(ImportRefused::TooCostly),
        ),
        (format!("$pbkdf2-sha256$i=600000${salt}${out}"), None),
        (
            format!("$pbkdf2-sha256$i=4294967295${salt}${out}"),
            Some(ImportRefused::TooCostly),
        ),
        (
            format!("$pbkdf2-sha256$i=0${salt}${out}"),
            Some(ImportRefused::Unknown),
        ),
        (format!("$argon2id$v=19$m=65536,t=3,p=4${salt}${out}"), None),
        (
            format!("$argon2id$v=19$m=4000000,t=3,p=4${salt}${out}"),
            Some(ImportRefused::TooCostly),
        ),
        (
            format!("$argon2d$v=19$m=262144,t=4000000,p=1${salt}${out}"),
            Some(ImportRefused::TooCostly),
        ),
        (
            format!("$argon2id$v=18$m=64,t=3,p=1${salt}${out}"),
            Some(ImportRefused::Unknown),
        ),
        (format!("$1$abcdefgh${out}"), Some(ImportRefused::Unknown)),
        ("correct horse".to_owned(), Some(ImportRefused::Unknown)),
        (String::new(), Some(ImportRefused::Unknown)),
    ] {
        assert_eq!(ImportedHash::parse(&hash).err(), refused, "{hash}");
    }
}

#[tokio::test]
async fn threads_end_when_nobody_signs_in_and_come_again() {
    let allocate = |blocks| Some(vec![argon2::Block::default(); blocks]);
    let pool = Pool::with(cheap(), allocate, Duration::from_millis(1)).unwrap();
    let passwords = Passwords::with_pool(pool, cheap(), &World::system()).unwrap();
    for _ in 0..3 {
        let served = passwords.verify(tenant(), &secret("x"), None).await;
        assert_eq!(served.unwrap(), Verdict::Wrong);
        while passwords.pool.threads() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.load().kept, 0);
    }
}

#[tokio::test]
async fn a_core_is_left_for_other_work_while_there_is_some() {
    let cores = std::thread::available_parallelism().unwrap().get();
    let policy = PasswordPolicy {
        concurrent: cores,
        queue: 100,
        ..cheap()
    };
    let passwords = Arc::new(Passwords::new(policy, &World::system()).unwrap());
    assert_eq!(passwords.pool.lanes(), cores);
    passwords.make_way();
    assert_eq!(passwords.pool.lanes(), (cores - 1).max(1));
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let passwords = Arc::clone(&passwords);
            tokio::spawn(async move {
                passwords.make_way();
                passwords.verify(tenant(), &secret("x"), None).await
            })
        })
        .collect();
    for one in asked {
        assert_eq!(one.await.unwrap().unwrap(), Verdict::Wrong);
    }
    // One that is all there is stays.
    let alone = Passwords::new(cheap(), &World::system()).unwrap();
    alone.make_way();
    assert_eq!(alone.pool.lanes(), 1);
}
