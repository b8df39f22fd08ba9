// Asks before something is done that others notice.

const dialog = document.getElementById("asking");
let answered = () => {};

// The event comes a moment after the dialog has closed: by then the next question may stand in it, which it does not answer.
dialog.addEventListener("close", () => { if (!dialog.open) answered(dialog.returnValue === "yes"); });

/** Whether the person confirms: `what` is the question, `consequence` what follows, `verb` stands on the button. */
export function confirmed(what, consequence, verb, danger) {
  document.getElementById("asked").textContent = what;
  document.getElementById("consequence").textContent = consequence;
  const button = document.getElementById("confirm");
  button.textContent = verb;
  button.className = danger ? "danger" : "";
  answered(false);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => { answered = done; });
}
