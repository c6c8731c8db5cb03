// Finds the number that gives the challenge its leading zero bits, while the person types. The work is done by a
// worker from the same file, so that the page stays alive; nothing is asked of anybody else.

const inWorker = typeof document === "undefined";

async function solve(text, bits) {
  const encoder = new TextEncoder();
  for (let number = 0; ; number += 1) {
    const bytes = encoder.encode(`${text}.${number}`);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    if (leadingZeros(digest) >= bits) {
      return String(number);
    }
  }
}

function leadingZeros(bytes) {
  let zeros = 0;
  for (const byte of bytes) {
    zeros += Math.clz32(byte) - 24;
    if (byte !== 0) {
      break;
    }
  }
  return zeros;
}

if (inWorker) {
  self.addEventListener("message", async ({ data }) => {
    self.postMessage(await solve(data.text, data.bits));
  });
} else {
  const challenge = document.querySelector('form input[name="challenge"]');
  if (challenge && globalThis.crypto?.subtle) {
    const form = challenge.form;
    const solution = form.querySelector('input[name="solution"]');
    const working = document.getElementById("challenge-work");
    let waiting = false;
    const worker = new Worker(import.meta.url, { type: "module" });
    document.getElementById("challenge-wait").hidden = true;
    worker.addEventListener("message", ({ data }) => {
      solution.value = data;
      worker.terminate();
      if (waiting) {
        form.submit();
      }
    });
    worker.addEventListener("error", () => {
      document.getElementById("challenge-wait").hidden = false;
      working.hidden = true;
      waiting = false;
      worker.terminate();
    });
    worker.postMessage({ text: challenge.value, bits: Number(challenge.dataset.bits) });
    form.addEventListener("submit", (event) => {
      if (solution.value === "" && document.getElementById("challenge-wait").hidden) {
        event.preventDefault();
        waiting = true;
        working.hidden = false;
      }
    });
  }
}
