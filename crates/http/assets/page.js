// Small comforts; every page is complete without them. Buttons that need this script are hidden until it runs.

for (const button of document.querySelectorAll("button[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const show = field.type === "password";
    field.type = show ? "text" : "password";
    button.setAttribute("aria-pressed", String(show));
    button.textContent = show ? button.dataset.hide : button.dataset.show;
  });
  // A shown password goes out, and into the browser's store, as a password.
  field.form?.addEventListener("submit", () => {
    field.type = "password";
  });
}

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.done;
      setTimeout(() => {
        button.textContent = label;
      }, 2000);
    });
  }
}

// Says while somebody types how hard a new password looks to guess. Only a hint: the server decides, and says why.
for (const field of document.querySelectorAll("input[data-strength]")) {
  const note = document.getElementById(field.dataset.strength);
  const say = () => {
    const letters = [...field.value.normalize("NFC")];
    const kinds = new Set(letters.map((letter) => letter.toLowerCase())).size;
    const { least, short, weak, fair, strong } = note.dataset;
    note.hidden = letters.length === 0;
    if (letters.length < Number(least)) note.textContent = short;
    else if (kinds < 6) note.textContent = weak;
    else if (kinds < 10) note.textContent = fair;
    else note.textContent = strong;
  };
  field.addEventListener("input", say);
  say();
}
