// Counts checks: one line for each, one line at the end, and an exit code.

export class Report {
  #passed = 0;
  #failed = 0;

  /** Runs `body`; the check holds if it does not throw. Returns what `body` returned. */
  async check(name, body) {
    try {
      const result = await body();
      this.#passed += 1;
      console.log(`ok   ${name}`);
      return result;
    } catch (error) {
      this.#failed += 1;
      console.log(`FAIL ${name}\n     ${reason(error)}`);
      return undefined;
    }
  }

  /** Prints the totals and decides the exit code. */
  finish() {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    process.exitCode = this.#failed === 0 && this.#passed > 0 ? 0 : 1;
  }
}

/** What failed and where, without the depths of the libraries. */
function reason(error) {
  if (!(error instanceof Error)) return String(error);
  const answer = [error.status, error.error, error.error_description].filter(Boolean).join(' ');
  const place = /\((?:file:\/\/)?[^()]*tests\/interop\/(?!node_modules)([^()]*)\)/.exec(error.stack ?? '');
  const text = error.message.split('\n').slice(0, 30).join('\n     ');
  return [text, answer, place?.[1]].filter(Boolean).join(' | ');
}
