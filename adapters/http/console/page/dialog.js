// Asks before something is done that others notice.

const dialog = document.getElementById("asking");

/** Whether the person confirms: `what` is the question, `consequence` what follows, `verb` stands on the button. */
export function confirmed(what, consequence, verb, danger) {
  document.getElementById("asked").textContent = what;
  document.getElementById("consequence").textContent = consequence;
  const button = document.getElementById("confirm");
  button.textContent = verb;
  button.className = danger ? "danger" : "";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}
