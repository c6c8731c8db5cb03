// Passkeys. A form with data-passkey asks the server for a challenge, hands it to the browser and brings the answer
// back. Without this script, or in a browser without passkeys, the pages still offer the password.

const REFRESH = 4 * 60 * 1000;

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const named = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));

// What the server says in JSON, as the browser wants it.
function read(options) {
  const known = { ...options, challenge: bytes(options.challenge) };
  if (options.user) known.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) known.excludeCredentials = named(options.excludeCredentials);
  if (options.allowCredentials) known.allowCredentials = named(options.allowCredentials);
  return known;
}

// What the browser answers, in JSON.
function written({ id, rawId, type, response }) {
  const said = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    said.attestationObject = text(response.attestationObject);
    said.transports = response.getTransports?.() ?? [];
  } else {
    said.authenticatorData = text(response.authenticatorData);
    said.signature = text(response.signature);
    said.userHandle = response.userHandle ? text(response.userHandle) : null;
  }
  return JSON.stringify({ id, rawId: text(rawId), type, response: said, clientExtensionResults: {} });
}

// The page is left: nothing after this happens.
function leave(url) {
  location.assign(url);
  return new Promise(() => {});
}

async function send(url, fields, signal) {
  const answer = await fetch(url, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { accept: "application/json" },
    signal,
  });
  // Nobody is signed in any more, or not strongly enough: the person goes where the server would have sent a form.
  if (answer.redirected) return leave(answer.url);
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) return said.next ? leave(said.next) : Promise.reject(new Error(said.error ?? "refused"));
  return said;
}

function fieldsOf(form) {
  const from = document.getElementById(form.dataset.from ?? "") ?? form;
  const wanted = ["flow", "csrf", "token", "name"];
  return Object.fromEntries(
    [...new FormData(from), ...new FormData(form)].filter(([name]) => wanted.includes(name)),
  );
}

// What the browser says to a new challenge.
async function ask(form, more = {}) {
  const { ceremony, publicKey } = await send(form.dataset.options, fieldsOf(form), more.signal);
  const asked = { publicKey: read(publicKey), ...more };
  const made =
    form.dataset.passkey === "create"
      ? await navigator.credentials.create(asked)
      : await navigator.credentials.get(asked);
  return { ceremony, credential: written(made) };
}

// Whether an answer is on its way to the server. A second one would give the session another cookie, which a page that is
// being left does not get.
let bringing = false;

async function bring(form, answer) {
  bringing = true;
  try {
    const { next } = await send(form.dataset.finish, { ...fieldsOf(form), ...answer });
    await leave(next);
  } finally {
    bringing = false;
  }
}

function tell(form, failed) {
  const place = form.querySelector("[data-passkey-error]");
  if (!place) return;
  place.hidden = !failed;
  if (failed) place.focus();
}

// The browser offers passkeys in the mail field, as soon as somebody goes there. A challenge counts for five minutes: a
// page that stays open asks for another in time.
let waiting;

async function offer(form) {
  const mine = new AbortController();
  waiting = mine;
  const again = setTimeout(() => {
    mine.abort();
    offer(form);
  }, REFRESH);
  mine.signal.addEventListener("abort", () => clearTimeout(again));
  let answer;
  try {
    answer = await ask(form, { mediation: "conditional", signal: mine.signal });
  } catch {
    // Nobody chose anything: the button is still there.
    return;
  }
  clearTimeout(again);
  if (mine.signal.aborted) return;
  try {
    await bring(form, answer);
  } catch {
    tell(form, true);
    offer(form);
  }
}

async function choose(form) {
  if (bringing) return;
  waiting?.abort();
  tell(form, false);
  try {
    await bring(form, await ask(form));
  } catch {
    tell(form, true);
    if (form.dataset.offer) offer(form);
  }
}

if (window.PublicKeyCredential) {
  const inList = await PublicKeyCredential.isConditionalMediationAvailable?.();
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      choose(form);
    });
    if (form.dataset.offer && inList) offer(form);
  }
}
